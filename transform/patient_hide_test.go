package transform

import (
	"testing"

	"pgregory.net/rapid"
)

// TestHideSmall_NothingFollowsFromSums hides tables of random counts with their margins: no small count is shown, and no
// sum gives away a single hidden one.
func TestHideSmall_NothingFollowsFromSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, columns := rapid.IntRange(1, 6).Draw(t, "rows"), rapid.IntRange(1, 4).Draw(t, "columns")
		table := make([][]*float64, rows+1)
		for i := range table {
			table[i] = make([]*float64, columns+1)
			for k := range table[i] {
				table[i][k] = new(float64)
			}
		}
		for i := range rows {
			for k := range columns {
				n := float64(rapid.SampledFrom([]int{0, 0, 1, 3, 4, 5, 8, 20}).Draw(t, "n"))
				for _, cell := range []*float64{table[i][k], table[rows][k], table[i][columns], table[rows][columns]} {
					*cell += n
				}
			}
		}
		equations := table
		for k := range columns + 1 {
			var column []*float64
			for i := range table {
				column = append(column, table[i][k])
			}
			equations = append(equations, column)
		}
		hidden := hideSmall(equations)
		for _, cells := range equations {
			n, shown := 0, 0.0
			for _, c := range cells {
				switch {
				case hidden[c]:
					n++
				case *c >= 1 && *c <= smallCell:
					t.Fatalf("a count of %v is shown", *c)
				default:
					shown += *c
				}
			}
			if n == 1 && shown > 0 {
				t.Fatalf("one hidden count beside %v that is shown", shown)
			}
		}
	})
}
