package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes.
type Size uint64

var units = []struct {
	names  []string
	factor float64
}{
	{[]string{"TIB", "TB", "T"}, 1 << 40},
	{[]string{"GIB", "GB", "G"}, 1 << 30},
	{[]string{"MIB", "MB", "M"}, 1 << 20},
	{[]string{"KIB", "KB", "K"}, 1 << 10},
	{[]string{"B", ""}, 1},
}

// ParseSize reads a number of bytes with or without a unit: 2GiB, 1.5G, 512 MiB, 0. Units are powers of
// 1024 however they are written. The empty text is 0.
func ParseSize(text string) (Size, error) {
	s := strings.ToUpper(strings.TrimSpace(text))
	if s == "" {
		return 0, nil
	}
	for _, unit := range units {
		for _, name := range unit.names {
			digits, ok := strings.CutSuffix(s, name)
			if !ok {
				continue
			}
			n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
			if err != nil || math.IsNaN(n) || n < 0 || n*unit.factor >= 1<<60 {
				return 0, fmt.Errorf("size %q: write a number with a unit, as in 2GiB", text)
			}
			return Size(n * unit.factor), nil
		}
	}
	return 0, fmt.Errorf("size %q: write a number with a unit, as in 2GiB", text)
}

// String returns the size with the largest unit that leaves a whole number.
func (s Size) String() string {
	for _, unit := range units {
		if f := uint64(unit.factor); s != 0 && uint64(s)%f == 0 && f > 1 {
			return strconv.FormatUint(uint64(s)/f, 10) + strings.Replace(unit.names[0], "I", "i", 1)
		}
	}
	return strconv.FormatUint(uint64(s), 10)
}
