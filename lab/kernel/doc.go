// Package kernel boots real Linux kernels and runs lab99 inside them, to hold the
// laws against kernels that this machine does not run.
//
// A kernel comes from the packages of a Debian suite, by the private apt states of
// package lab/image/distro: nothing is installed, and apt checks the signatures.
// It is booted in one of two ways. User-mode Linux is the kernel as a process, made
// of the kernel's own network code; it needs no privilege and no emulator. qemu
// boots the kernels that Debian's users run, with the processor's help (KVM) where
// there is some, else in software, some twenty times slower.
//
// The guest has no distribution, only an initrd: this program as its init (package
// guest), lab99, kernel modules, and nginx and Apache as unpacked trees. What its
// tasks leave goes to the host as a tar on a raw disk, one task at a time, so that
// a guest that dies keeps what it had finished. The console carries a tick of the
// guest's clock twice a second, held against the host's: where they part, times
// measured inside mean nothing, and the table judges counts only.
//
// The host itself is one of the kernels, without anything between.
//
// Ways not taken, tried with the same kernels: virtme-ng and libguestfs want qemu
// and a root file system of the host's; Firecracker wants KVM and kernels of its
// own; hostfs would give user-mode Linux a directory, but qemu has no twin of it
// without 9p, which Debian's cloud kernels leave out.
//
// Command lab/cmd/kernels is the program: make kernels.
package kernel
