//go:build amd64 || arm64

package clock

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
)

// mark is the sixth argument of the system calls that the injected functions make. By
// it the filter knows that the offset will be added.
const (
	mark  = 0x61737379
	mark0 = mark & 0xff
	mark1 = mark >> 8 & 0xff
	mark2 = mark >> 16 & 0xff
	mark3 = mark >> 24
)

// A function is code that takes the place of a function of the vDSO.
type function struct {
	code    []byte
	operand int // where the code has the address of the table, see setOperand
}

// A patch replaces a part of the vDSO.
type patch struct {
	at   uint64 // from the beginning of the vDSO
	code []byte
}

// A layout says how a vDSO is changed. The kernel maps the same vDSO into every
// 64-bit process, so one layout fits all.
type layout struct {
	ident   [16]byte // the first bytes of the vDSO
	patches []patch
	table   uint64 // of the offsets, from the beginning of the vDSO
	call    uint64 // of an instruction that makes a system call
}

// theLayout returns the layout for this kernel's vDSO.
var theLayout = sync.OnceValues(func() (*layout, error) {
	image, err := ownVDSO()
	if err != nil {
		return nil, err
	}
	return layoutOf(image)
})

// A room is a part of the vDSO that is not needed once its functions are replaced.
type room struct{ at, size uint64 }

// layoutOf plans the changes of a vDSO, given as it is mapped.
func layoutOf(image []byte) (*layout, error) {
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return nil, fmt.Errorf("read the vDSO: %w", err)
	}
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return nil, fmt.Errorf("read the symbols of the vDSO: %w", err)
	}
	l := &layout{}
	copy(l.ident[:], image)
	block, offsetOf, table := assemble()
	entries := map[string]uint64{}
	var rooms []room
	for _, s := range symbols {
		if _, replaced := functions[s.Name]; replaced {
			entries[s.Name] = s.Value
			skip := uint64(len(jump(0)))
			if s.Size > skip {
				rooms = append(rooms, room{s.Value + skip, s.Size - skip})
			}
		}
	}
	if _, ok := entries[nameClockGettime]; !ok {
		return nil, fmt.Errorf("the vDSO has no function %s", nameClockGettime)
	}
	end := uint64(0) // of what the program loads; section headers may follow
	for _, p := range file.Progs {
		if p.Type == elf.PT_LOAD {
			end = max(end, p.Vaddr+p.Memsz)
		}
	}
	rooms = append(rooms, room{end, uint64(len(image)) - min(end, uint64(len(image)))})
	at, err := place(rooms, uint64(len(block)))
	if err != nil {
		return nil, err
	}
	l.table = at + uint64(table)
	l.call = at + uint64(offsetOf[nameClockGettime]) + callAt
	l.patches = append(l.patches, patch{at, block})
	for name, entry := range entries {
		to := at + uint64(offsetOf[name])
		l.patches = append(l.patches, patch{entry, jump(int64(to - entry))})
	}
	return l, nil
}

// assemble returns the code of all functions with the table of offsets after it, and
// where in it the functions and the table are.
func assemble() (block []byte, offsetOf map[string]int, table int) {
	offsetOf = map[string]int{}
	names := slices.Sorted(maps.Keys(functions))
	for _, name := range names {
		offsetOf[name] = len(block)
		block = append(block, functions[name].code...)
	}
	for len(block)%8 != 0 {
		block = append(block, 0)
	}
	table = len(block)
	for _, name := range names {
		f, from := functions[name], offsetOf[name]
		f.setOperand(block[from:from+len(f.code)], table-from)
	}
	return append(block, make([]byte, 8*clocks)...), offsetOf, table
}

// place returns where a block of this size fits, aligned to 16 bytes.
func place(rooms []room, size uint64) (uint64, error) {
	slices.SortStableFunc(rooms, func(a, b room) int { return cmp.Compare(b.size, a.size) })
	for _, r := range rooms {
		if at := (r.at + 15) &^ 15; at+size <= r.at+r.size {
			return at, nil
		}
	}
	return 0, fmt.Errorf("the vDSO has no room for %d bytes", size)
}

// encode returns the table of offsets as it stands in memory.
func (o offsets) encode() []byte {
	var b []byte
	for _, seconds := range o {
		b = binary.NativeEndian.AppendUint64(b, uint64(seconds))
	}
	return b
}

// ownVDSO returns a copy of this process's vDSO.
func ownVDSO() ([]byte, error) {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		if !strings.HasSuffix(line, "[vdso]\n") {
			continue
		}
		if _, err := fmt.Sscanf(line, "%x-%x", &from, &to); err != nil {
			return nil, fmt.Errorf("/proc/self/maps: %q: %w", line, err)
		}
		memory, err := os.Open("/proc/self/mem")
		if err != nil {
			return nil, err
		}
		defer memory.Close()
		image := make([]byte, to-from)
		if _, err := memory.ReadAt(image, int64(from)); err != nil {
			return nil, fmt.Errorf("read this process's vDSO: %w", err)
		}
		return image, nil
	}
	return nil, errors.New("this process has no vDSO")
}
