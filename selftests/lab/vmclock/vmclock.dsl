/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lab's vmclock: a page at 128 MB, which memmap= takes away from the guest's kernel, and which a
 * program of the host fills (static/lab_vmclock.c). QEMU 7.2 has no such device.
 */
DefinitionBlock ("vmclock.aml", "SSDT", 2, "TSCOPE", "VMCLOCK", 1)
{
	Scope (\_SB)
	{
		Device (VCLK)
		{
			Name (_HID, "AMZNC10C")
			Name (_CID, "VMCLOCK")
			Name (_DDN, "VMCLOCK")
			Name (_CRS, ResourceTemplate () {
				QWordMemory (ResourceConsumer, PosDecode, MinFixed, MaxFixed,
					Cacheable, ReadOnly, 0, 0x08000000, 0x08000fff, 0, 0x1000)
			})
		}
	}
}
