// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only

package trace

import (
	"fmt"

	"github.com/cilium/ebpf/asm"
)

// Pieces of the programs.

// inodeTo reads the inode of the namespace of a socket of the current task to the stack. Its
// descriptor is R7. It spoils R8; a read that fails leaves 0.
func inodeTo(at int16, where *offsets) asm.Instructions {
	read := func(to int16, bytes, offset int32) asm.Instructions { // from R3 on
		return asm.Instructions{
			asm.Add.Imm(asm.R3, offset),
			asm.Mov.Reg(asm.R1, asm.RFP),
			asm.Add.Imm(asm.R1, int32(to)),
			asm.Mov.Imm(asm.R2, bytes),
			asm.FnProbeReadKernel.Call(),
		}
	}
	follow := func(offset int32) asm.Instructions {
		return append(read(atPointer, 8, offset), asm.LoadMem(asm.R3, asm.RFP, atPointer, asm.DWord))
	}
	code := asm.Instructions{asm.FnGetCurrentTask.Call(), asm.Mov.Reg(asm.R3, asm.R0)}
	last := len(where) - 1
	for i, offset := range where[:last] {
		code = append(code, follow(offset)...)
		if i == atDescriptors {
			code = append(code,
				asm.Mov.Reg32(asm.R8, asm.R7), // an int: the upper half of the register may be anything
				asm.LSh.Imm(asm.R8, 3),
				asm.Add.Reg(asm.R3, asm.R8),
			)
			code = append(code, follow(0)...)
		}
	}
	return append(code, read(at, 4, where[last])...)
}

// log2 makes R1 the logarithm of R8, rounded down, and spoils R2 and R3.
func log2() asm.Instructions {
	code := asm.Instructions{asm.Mov.Imm(asm.R1, 0), asm.Mov.Reg(asm.R2, asm.R8)}
	for _, half := range []int32{32, 16, 8, 4, 2, 1} {
		next := fmt.Sprintf("below-%d", half)
		code = append(code,
			asm.Mov.Reg(asm.R3, asm.R2),
			asm.RSh.Imm(asm.R3, half),
			asm.JEq.Imm(asm.R3, 0, next),
			asm.Mov.Reg(asm.R2, asm.R3),
			asm.Add.Imm(asm.R1, half),
			asm.And.Imm(asm.R1, 63).WithSymbol(next), // the verifier wants a bound
		)
	}
	return code
}

// figuresTo points a register to this processor's figures.
func figuresTo(r asm.Register) asm.Instructions {
	code := asm.Instructions{
		asm.Mov.Imm(asm.R1, 0),
		asm.StoreMem(asm.RFP, atFigures, asm.R1, asm.Word),
	}
	code = append(code, mapCall(asm.FnMapLookupElem, figuresName, atFigures, 0)...)
	return append(code, asm.JEq.Imm(asm.R0, 0, "out"), asm.Mov.Reg(r, asm.R0))
}

// lost counts a call that is not counted otherwise.
func lost() asm.Instructions {
	return append(figuresTo(asm.R6), asm.Mov.Imm(asm.R1, 1), add(asm.R6, lostAt))
}

// add adds R1 atomically to the double word at an offset from a register. Where a program
// may be preempted, the counts of a processor are another's, too.
func add(to asm.Register, offset int16) asm.Instruction {
	return asm.AddAtomic.Mem(to, asm.R1, asm.DWord, offset)
}

// zero clears the stack, in double words. It spoils R1.
func zero(at int16, bytes int16) asm.Instructions {
	code := asm.Instructions{asm.Mov.Imm(asm.R1, 0)}
	for i := int16(0); i < bytes; i += 8 {
		code = append(code, asm.StoreMem(asm.RFP, at+i, asm.R1, asm.DWord))
	}
	return code
}

// mapCall calls a helper on a map, with the key and the value (0: none) on the stack.
func mapCall(helper asm.BuiltinFunc, name string, key, value int16) asm.Instructions {
	code := asm.Instructions{
		asm.LoadMapPtr(asm.R1, 0).WithReference(name),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, int32(key)),
	}
	if value != 0 {
		code = append(code, asm.Mov.Reg(asm.R3, asm.RFP), asm.Add.Imm(asm.R3, int32(value)))
	}
	return append(code, helper.Call())
}

// labelled gives the first instruction a name to jump to.
func labelled(label string, code asm.Instructions) asm.Instructions {
	code[0] = code[0].WithSymbol(label)
	return code
}

// out ends a program. 0 tells perf not to record the event besides.
func out() asm.Instructions {
	return asm.Instructions{asm.Mov.Imm(asm.R0, 0).WithSymbol("out"), asm.Return()}
}
