package simulate

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"ohwatch/sql"
)

// WriteExams writes a CSV file with that many rows of examinations, header apart: those of a small city in the
// order in which they arrive, slips, corrections and repeats among them, in the layout of the city's exchange
// platform. When the city has no more examinations, its people are examined again under other numbers. It is
// what benchmarks load; the same rows and seed give the same bytes.
func WriteExams(ctx context.Context, w io.Writer, rows int, seed uint64) error {
	opt, err := Options{Out: "-", Seed: seed, Scale: 0.25}.withDefaults()
	if err != nil {
		return err
	}
	c, err := live(ctx, sql.Reference(), opt)
	if err != nil {
		return err
	}
	var exams []delivery
	for _, d := range c.deliverAll() {
		if d.stream == "exam" {
			exams = append(exams, d)
		}
	}
	out := &writer{city: c}
	columns := headings("exam", 0)
	l := looks{habit: habit{0, "utf-8"}, dates: dashes}
	buffered := bufio.NewWriterSize(w, 1<<20)
	sheet := &csvPaper{}
	sheet.heading(columns, false)
	cells := make([]sheetCell, len(columns))
	for i := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		d := exams[i%len(exams)]
		rec := out.recordOf(&d)
		again(rec, i/len(exams))
		for j, column := range columns {
			cells[j] = l.look(rec[column.field], mix(seed^uint64(i)<<8^uint64(j)), false)
		}
		row := cells
		if d.damage != "" && d.damage != "void_unknown" {
			row = spoil(&d, cells, columns, mix(seed^uint64(i)), false)
		}
		sheet.row(row)
		if sheet.buf.Len() > 1<<20 || i == rows-1 {
			if _, err := sheet.buf.WriteTo(buffered); err != nil {
				return fmt.Errorf("write examinations: %w", err)
			}
		}
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write examinations: %w", err)
	}
	return nil
}

// again turns a record into one of another round: other numbers, and other persons of the same sex and age.
func again(rec record, round int) {
	if round == 0 {
		return
	}
	suffix := fmt.Sprintf("R%d", round)
	for _, field := range []string{"report_card_id", "exam_no", "prev_exam_no"} {
		if v := rec[field]; v.text != "" {
			v.text += suffix
			rec[field] = v
		}
	}
	if v := rec["id_no"]; len(v.text) == 18 {
		n := int(v.text[14]-'0')*100 + int(v.text[15]-'0')*10 + int(v.text[16]-'0')
		n = (n + 2*round) % 1000
		body := v.text[:14] + fmt.Sprintf("%03d", n)
		v.text = body + string(idCheck(body))
		rec["id_no"] = v
	}
}
