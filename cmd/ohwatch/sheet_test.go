package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"
)

// sheetCommands are commands for scripts that handle workbooks and names as a person does:
//
//	workbook F.xlsx SHEET F.csv     make a workbook with one sheet out of a CSV file; numbers become numeric cells
//	mend F.xlsx SHEET OLD=NEW…      put NEW into every cell that holds OLD; in a CSV file, replace the text
//	names KIND NAME VARIABLE        set the variable to the ID of a name that waits for review or was decided on
//	personkey VARIABLE              set the variable to the last word of the last output
var sheetCommands = map[string]func(*testscript.TestScript, bool, []string){
	"workbook": func(ts *testscript.TestScript, _ bool, args []string) {
		rows := csv.NewReader(strings.NewReader(ts.ReadFile(args[2])))
		rows.FieldsPerRecord = -1
		records, err := rows.ReadAll()
		ts.Check(err)
		book := excelize.NewFile()
		ts.Check(book.SetSheetName("Sheet1", args[1]))
		for i, record := range records {
			for j, text := range record {
				cell, err := excelize.CoordinatesToCellName(j+1, i+1)
				ts.Check(err)
				var value any = text
				if number, err := strconv.ParseFloat(text, 64); err == nil && len(text) < 12 {
					value = number
				}
				if text != "" {
					ts.Check(book.SetCellValue(args[1], cell, value))
				}
			}
		}
		ts.Check(book.SaveAs(ts.MkAbs(args[0])))
	},
	"mend": func(ts *testscript.TestScript, _ bool, args []string) {
		path := ts.MkAbs(args[0])
		if strings.HasSuffix(path, ".csv") {
			text := ts.ReadFile(args[0])
			for _, change := range args[2:] {
				old, mended, _ := strings.Cut(change, "=")
				if !strings.Contains(text, old) {
					ts.Fatalf("%s holds no %q:\n%s", args[0], old, text)
				}
				text = strings.ReplaceAll(text, old, mended)
			}
			ts.Check(os.WriteFile(path, []byte(text), 0o600))
			return
		}
		book, err := excelize.OpenFile(path)
		ts.Check(err)
		defer book.Close()
		for _, change := range args[2:] {
			old, mended, _ := strings.Cut(change, "=")
			cells, err := book.SearchSheet(args[1], old)
			ts.Check(err)
			if len(cells) == 0 {
				ts.Fatalf("%s has no cell %q", args[0], old)
			}
			for _, cell := range cells {
				ts.Check(book.SetCellStr(args[1], cell, mended))
			}
		}
		ts.Check(book.Save())
	},
	"names": func(ts *testscript.TestScript, _ bool, args []string) {
		for _, decided := range []string{"--decided=false", "--decided=true"} {
			ts.Check(ts.Exec("ohwatch", "--json", "review", "list", "--kind", args[0], decided))
			for line := range strings.SplitSeq(ts.ReadFile("stdout"), "\n") {
				var n struct{ ID, Name string }
				if line != "" {
					ts.Check(json.Unmarshal([]byte(line), &n))
				}
				if n.Name == args[1] {
					ts.Setenv(args[2], n.ID)
					return
				}
			}
		}
		ts.Fatalf("no %s %q in the queue", args[0], args[1])
	},
	"personkey": func(ts *testscript.TestScript, _ bool, args []string) {
		lines := strings.Fields(ts.ReadFile("stdout"))
		ts.Setenv(args[0], lines[len(lines)-1])
	},
}
