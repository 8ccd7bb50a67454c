// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only

package trace

import (
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"
)

// licence is what the kernel is told; the package comment says why.
const licence = "GPL"

// The names of programs and maps, as bpftool shows them.
const (
	enterName    = "connect_enter"
	exitName     = "connect_exit"
	callsName    = "connect_calls"
	failuresName = "connect_fails"
	figuresName  = "connect_times"
)

// limits bound the maps.
type limits struct {
	calls    uint32 // threads that are in connect() at one time
	failures uint32 // of Failure
}

var usual = limits{calls: 16384, failures: 8192}

// What is kept of a thread that is in connect(): when it began, and the three arguments.
const (
	callBegan      = 0
	callDescriptor = 8
	callAddress    = 16
	callLength     = 24
	callBytes      = 32
)

// key is what failures are told apart by.
type key struct {
	Namespace, PID uint32
	Errno, Family  uint16
	Port           [2]byte // as on the wire
	_              uint16
	Address        [16]byte // the first four bytes, for IPv4
}

// failure is what is counted of a key.
type failure struct {
	Count   int64
	Process [16]byte // TASK_COMM_LEN
}

// figures are counted on each processor apart.
type figures struct {
	Times [classes]Histogram
	Lost  int64
}

// The classes of results.
const (
	succeeded = iota
	noPort
	failed
	classes
)

// Offsets and sizes of the above.
const (
	bucketBytes    = 8
	histogramBytes = 64 * bucketBytes
	lostAt         = classes * histogramBytes
	keyBytes       = 32
	failureBytes   = 24
	longestAddress = 28 // of sockaddr_in6
)

// What the tracepoints hand over begins with eight bytes of the kernel's and the number of
// the system call (syscalls/sys_enter_connect/format).
const (
	argDescriptor = 16
	argAddress    = 24
	argLength     = 32
	argResult     = 16
)

// Where the programs keep things, from the frame pointer R10 down.
const (
	atThread  = -8
	atFigures = -12 // the index of the only element, 0
	atInode   = -16
	atPointer = -24
	atCall    = -56
	atSocket  = -88 // 32 bytes for a sockaddr
	atKey     = -120
	atFailure = -144
)

// spec is the programs and their maps. Where the kernel keeps namespaces is nil if that is
// not known; only is the inode of the one namespace to count in, or 0.
func spec(where *offsets, only uint32, l limits) *ebpf.CollectionSpec {
	program := func(name string, code asm.Instructions) *ebpf.ProgramSpec {
		return &ebpf.ProgramSpec{Name: name, Type: ebpf.TracePoint, Instructions: code, License: licence}
	}
	return &ebpf.CollectionSpec{
		Maps: map[string]*ebpf.MapSpec{
			callsName: {Name: callsName, Type: ebpf.Hash, KeySize: 8, ValueSize: callBytes, MaxEntries: l.calls},
			failuresName: {Name: failuresName, Type: ebpf.Hash, KeySize: keyBytes, ValueSize: failureBytes,
				MaxEntries: l.failures},
			figuresName: {Name: figuresName, Type: ebpf.PerCPUArray, KeySize: 4, ValueSize: lostAt + 8, MaxEntries: 1},
		},
		Programs: map[string]*ebpf.ProgramSpec{
			enterName: program(enterName, enter(where, only)),
			exitName:  program(exitName, exit(where)),
		},
	}
}

// enter notes when a call begins, and where its address is. The address itself is read at
// the end: the kernel has copied it by then, so that its page is there.
func enter(where *offsets, only uint32) asm.Instructions {
	code := asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1),
		asm.LoadMem(asm.R7, asm.R6, argDescriptor, asm.DWord),
		asm.StoreMem(asm.RFP, atCall+callDescriptor, asm.R7, asm.DWord),
	}
	if only != 0 {
		code = append(code, inodeTo(atInode, where)...)
		code = append(code,
			asm.LoadMem(asm.R1, asm.RFP, atInode, asm.Word),
			asm.LoadImm(asm.R2, int64(only), asm.DWord),
			asm.JNE.Reg(asm.R1, asm.R2, "out"),
		)
	}
	code = append(code,
		asm.FnGetCurrentPidTgid.Call(),
		asm.StoreMem(asm.RFP, atThread, asm.R0, asm.DWord),
		asm.LoadMem(asm.R1, asm.R6, argAddress, asm.DWord),
		asm.StoreMem(asm.RFP, atCall+callAddress, asm.R1, asm.DWord),
		asm.LoadMem(asm.R1, asm.R6, argLength, asm.DWord),
		asm.StoreMem(asm.RFP, atCall+callLength, asm.R1, asm.DWord),
		asm.FnKtimeGetNs.Call(),
		asm.StoreMem(asm.RFP, atCall+callBegan, asm.R0, asm.DWord),
		asm.Mov.Imm(asm.R4, int32(ebpf.UpdateAny)),
	)
	code = append(code, mapCall(asm.FnMapUpdateElem, callsName, atThread, atCall)...)
	code = append(code, asm.JEq.Imm(asm.R0, 0, "out"))
	code = append(code, lost()...)
	return append(code, out()...)
}

// exit looks at the result: R6 is the call or figures, R7 the errno, R8 the nanoseconds.
func exit(where *offsets) asm.Instructions {
	code := asm.Instructions{
		asm.LoadMem(asm.R1, asm.R1, argResult, asm.DWord),
		asm.Mov.Imm(asm.R7, 0),
		asm.JSGE.Imm(asm.R1, 0, "result"),
		asm.Sub.Reg(asm.R7, asm.R1),
		asm.FnGetCurrentPidTgid.Call().WithSymbol("result"),
		asm.StoreMem(asm.RFP, atThread, asm.R0, asm.DWord),
	}
	code = append(code, mapCall(asm.FnMapLookupElem, callsName, atThread, 0)...)
	code = append(code,
		asm.JEq.Imm(asm.R0, 0, "out"), // it began before the trace, or elsewhere
		asm.Mov.Reg(asm.R6, asm.R0),
		asm.FnKtimeGetNs.Call(),
		asm.LoadMem(asm.R1, asm.R6, callBegan, asm.DWord),
		asm.Mov.Reg(asm.R8, asm.R0),
		asm.Sub.Reg(asm.R8, asm.R1),
	)
	code = append(code, zero(atSocket, 32)...)
	code = append(code,
		asm.LoadMem(asm.R1, asm.R6, callDescriptor, asm.DWord),
		asm.StoreMem(asm.RFP, atCall+callDescriptor, asm.R1, asm.DWord),
		asm.LoadMem(asm.R3, asm.R6, callAddress, asm.DWord),
		asm.LoadMem(asm.R2, asm.R6, callLength, asm.DWord),
		asm.Mov.Reg32(asm.R2, asm.R2), // an int, as the descriptor
		asm.JLE.Imm(asm.R2, longestAddress, "bounded"),
		asm.Mov.Imm(asm.R2, longestAddress),
		asm.Mov.Reg(asm.R1, asm.RFP).WithSymbol("bounded"),
		asm.Add.Imm(asm.R1, atSocket),
		asm.FnProbeReadUser.Call(),
		asm.Mov.Reg(asm.R9, asm.R0),
	)
	code = append(code, mapCall(asm.FnMapDeleteElem, callsName, atThread, 0)...)
	// No result of its own: the call goes on, or was one too many.
	for _, e := range []unix.Errno{unix.EINTR, unix.EALREADY, unix.EISCONN} {
		code = append(code, asm.JEq.Imm(asm.R7, int32(e), "out"))
	}
	code = append(code,
		asm.JGE.Imm(asm.R7, 512, "out"), // ERESTARTSYS and its like: a signal came
		asm.JEq.Imm(asm.R9, 0, "read"),
		asm.JEq.Imm(asm.R7, int32(unix.EFAULT), "out"), // the kernel could not read it either
		asm.Ja.Label("lost"),
		asm.LoadMem(asm.R1, asm.RFP, atSocket, asm.Half).WithSymbol("read"),
		asm.JEq.Imm(asm.R1, unix.AF_INET, "internet"),
		asm.JNE.Imm(asm.R1, unix.AF_INET6, "out"),
	)
	code = append(code, labelled("internet", figuresTo(asm.R6))...)
	code = append(code, log2()...)
	code = append(code,
		asm.LSh.Imm(asm.R1, 3),
		asm.Add.Reg(asm.R6, asm.R1), // the bucket of the first class
		asm.Mov.Imm(asm.R1, 1),
		asm.JEq.Imm(asm.R7, 0, "succeeded"),
		asm.JEq.Imm(asm.R7, int32(unix.EINPROGRESS), "succeeded"),
		asm.JEq.Imm(asm.R7, int32(unix.EADDRNOTAVAIL), "no-port"),
		add(asm.R6, failed*histogramBytes),
		asm.Ja.Label("failed"),
		add(asm.R6, noPort*histogramBytes).WithSymbol("no-port"),
		asm.Ja.Label("failed"),
		add(asm.R6, succeeded*histogramBytes).WithSymbol("succeeded"),
		asm.Ja.Label("out"),
	)
	code = append(code, labelled("failed", countFailure(where))...)
	code = append(code, labelled("lost", lost())...)
	return append(code, out()...)
}

// countFailure counts the call under its key, and ends. Two processors may meet a new key
// at the same time: who comes second finds the entry of the first.
func countFailure(where *offsets) asm.Instructions {
	code := zero(atKey, keyBytes)
	code = append(code, asm.StoreMem(asm.RFP, atKey+8, asm.R7, asm.Half))
	if where != nil {
		code = append(code, asm.LoadMem(asm.R7, asm.RFP, atCall+callDescriptor, asm.DWord))
		code = append(code, inodeTo(atKey, where)...)
	}
	code = append(code,
		asm.LoadMem(asm.R1, asm.RFP, atThread, asm.DWord),
		asm.RSh.Imm(asm.R1, 32), // the process
		asm.StoreMem(asm.RFP, atKey+4, asm.R1, asm.Word),
		asm.LoadMem(asm.R2, asm.RFP, atSocket, asm.Half),
		asm.StoreMem(asm.RFP, atKey+10, asm.R2, asm.Half),
		asm.LoadMem(asm.R1, asm.RFP, atSocket+2, asm.Half),
		asm.StoreMem(asm.RFP, atKey+12, asm.R1, asm.Half),
		asm.JEq.Imm(asm.R2, unix.AF_INET6, "ipv6"),
		asm.LoadMem(asm.R1, asm.RFP, atSocket+4, asm.Word), // sin_addr
		asm.StoreMem(asm.RFP, atKey+16, asm.R1, asm.Word),
		asm.Ja.Label("key"),
		asm.LoadMem(asm.R1, asm.RFP, atSocket+8, asm.DWord).WithSymbol("ipv6"), // sin6_addr
		asm.StoreMem(asm.RFP, atKey+16, asm.R1, asm.DWord),
		asm.LoadMem(asm.R1, asm.RFP, atSocket+16, asm.DWord),
		asm.StoreMem(asm.RFP, atKey+24, asm.R1, asm.DWord),
	)
	code = append(code, labelled("key", mapCall(asm.FnMapLookupElem, failuresName, atKey, 0))...)
	code = append(code, asm.JNE.Imm(asm.R0, 0, "count"))
	code = append(code, zero(atFailure, failureBytes)...)
	code = append(code,
		asm.Mov.Reg(asm.R1, asm.RFP),
		asm.Add.Imm(asm.R1, atFailure+8),
		asm.Mov.Imm(asm.R2, 16),
		asm.FnGetCurrentComm.Call(),
		asm.Mov.Imm(asm.R4, int32(ebpf.UpdateNoExist)),
	)
	code = append(code, mapCall(asm.FnMapUpdateElem, failuresName, atKey, atFailure)...)
	code = append(code, mapCall(asm.FnMapLookupElem, failuresName, atKey, 0)...)
	return append(code,
		asm.JEq.Imm(asm.R0, 0, "lost"),
		asm.Mov.Imm(asm.R1, 1).WithSymbol("count"),
		add(asm.R0, 0),
		asm.Ja.Label("out"),
	)
}
