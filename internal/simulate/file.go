package simulate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// FileTruth is what a loader must find in one file.
type FileTruth struct {
	File           string     `json:"file"`    // relative path with forward slashes
	Arrived        time.Time  `json:"arrived"` // also the file's modification time
	Stream         string     `json:"stream"`
	Format         string     `json:"format"`   // csv or xlsx
	Encoding       string     `json:"encoding"` // utf-8, utf-8-bom or gb18030; utf-8 for workbooks
	Rows           int        `json:"rows"`
	Loaded         int        `json:"loaded"`
	Corrected      int        `json:"corrected"`
	Voided         int        `json:"voided"`
	Unchanged      int        `json:"unchanged"`
	Rejected       int        `json:"rejected"`
	CorrectedLines []int      `json:"corrected_lines"`
	VoidedLines    []int      `json:"voided_lines"`
	UnchangedLines []int      `json:"unchanged_lines"`
	RejectedLines  []Rejected `json:"rejected_lines"`
}

// Rejected is a row that must be refused, with the code of the reason.
type Rejected struct {
	Line int    `json:"line"` // physical line of a text file, row number of a sheet, counted from 1
	Code string `json:"code"`
}

// add counts a row.
func (t *FileTruth) add(line int, f fate, code string) {
	t.Rows++
	switch f {
	case fateLoaded:
		t.Loaded++
	case fateCorrected:
		t.Corrected++
		t.CorrectedLines = append(t.CorrectedLines, line)
	case fateVoided:
		t.Voided++
		t.VoidedLines = append(t.VoidedLines, line)
	case fateUnchanged:
		t.Unchanged++
		t.UnchangedLines = append(t.UnchangedLines, line)
	case fateRejected:
		t.Rejected++
		t.RejectedLines = append(t.RejectedLines, Rejected{line, code})
	}
}

// writer writes the senders' files.
type writer struct {
	city  *city
	dir   string
	files []FileTruth
	bytes int64
}

// ledger is what a loader knows of a stream's records: key -> content, 0 after a void.
type ledger map[uint64]uint64

// parcel is the rows of one file.
type parcel struct {
	path    string
	bucket  bucket
	stream  string
	sender  string
	rows    []delivery
	arrived time.Time // when the file reaches the city
}

// errLedger says that a row's planned fate is not what a loader would find: a mistake in this package.
var errLedger = errors.New("planned fate differs from the ledger")

// writeAll writes the files. Streams share no records and are written side by side.
func (w *writer) writeAll(ctx context.Context) error {
	if err := freshFolder(w.dir); err != nil {
		return err
	}
	parcels := w.parcels()
	byStream := map[string][]int{}
	for i, p := range parcels {
		byStream[p.stream] = append(byStream[p.stream], i)
	}
	w.files = make([]FileTruth, len(parcels))
	sizes := make([]int, len(parcels))
	failed := make(chan error, len(byStream))
	for _, mine := range byStream {
		go func() {
			known := ledger{}
			for _, i := range mine {
				err := ctx.Err()
				if err == nil {
					w.files[i], sizes[i], err = w.writeParcel(parcels[i], known)
				}
				if err != nil {
					failed <- fmt.Errorf("write %s: %w", parcels[i].path, err)
					return
				}
			}
			failed <- nil
		}()
	}
	var err error
	for range byStream {
		err = errors.Join(err, <-failed)
	}
	for _, n := range sizes {
		w.bytes += int64(n)
	}
	return err
}

// freshFolder makes the folder for the files. Files of another city in it would mix with the new ones.
func freshFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder for the files: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look into the folder for the files: %w", err)
	}
	if len(entries) > 0 {
		return &OptionError{"simulate.not_empty", map[string]any{"dir": dir}}
	}
	return nil
}

// parcels sorts the deliveries into files, in the order of their paths, which is the order of arrival.
func (w *writer) parcels() []*parcel {
	byPath := map[string]*parcel{}
	var out []*parcel
	for _, d := range w.city.deliverAll() {
		b := bucketFor(w.city, d.stream, d.sent)
		name := b.name()
		if r, ok := d.fact.(rosterRow); ok && r.on.monthStart() == r.on {
			b = bucket{year: b.year, month: b.month, newYear: true}
			name = strconv.Itoa(b.year) + "-00" // before everything else of the year
		}
		end := ".csv"
		if xlsxFile(d.stream, d.sender, b) {
			end = ".xlsx"
		}
		path := fmt.Sprintf("%d/%s_%s_%s%s", b.year, name, d.stream, d.sender, end)
		p := byPath[path]
		if p == nil {
			p = &parcel{path: path, bucket: b, stream: d.stream, sender: d.sender}
			byPath[path] = p
			out = append(out, p)
		}
		p.rows = append(p.rows, d)
	}
	slices.SortFunc(out, func(a, b *parcel) int { return strings.Compare(a.path, b.path) })
	w.city.arrivals(out)
	return out
}

// arrivals says when each file reaches the city: at six in the evening (Asia/Shanghai; China has one time zone), three,
// six or nine days after its stretch of time, in the order of the paths. Nothing arrives after the papers end.
func (c *city) arrivals(parcels []*parcel) {
	shanghai := time.FixedZone("CST", 8*60*60)
	size, rank := map[bucket]int{}, map[bucket]int{}
	for _, p := range parcels {
		if !deskStream(p.stream) {
			size[p.bucket]++
		}
	}
	latest := day(0)
	for _, p := range parcels {
		wait := 3 // the desks' files come first
		if !deskStream(p.stream) {
			wait += 3 * (3 * rank[p.bucket] / size[p.bucket])
			rank[p.bucket]++
		}
		latest = max(latest, min(p.bucket.end()+day(wait), c.until))
		y, m, d := latest.date()
		p.arrived = time.Date(y, m, d, 18, 0, 0, 0, shanghai)
	}
}

// looks are the habits of one file.
type looks struct {
	habit
	salt      uint64
	dates     dateForm
	titles    int
	totals    bool
	pages     int // the heading is repeated after so many rows, 0: never
	thousands bool
	textual   bool // numbers in a workbook are text
	twoLines  bool
	breaks    bool // line breaks in long headings
	notes     bool // a hidden sheet with notes
	month     int  // form of months
}

func looksOf(p *parcel) looks {
	h := fnv.New64a()
	h.Write([]byte(p.path))
	salt := mix(h.Sum64())
	l := looks{habit: habitOf(p.stream, p.sender, p.bucket), salt: salt, dates: dateForm(salt % 4), month: int(salt>>8) % 4, breaks: (salt>>54)%5 == 0}
	l.titles = []int{0, 0, 0, 1, 2}[(salt>>16)%5]
	l.totals = (salt>>24)%4 == 0 && (p.stream == "insurance" || p.stream == "declaration" || p.stream == "exam" || p.stream == "employer")
	if (salt>>32)%9 == 0 {
		l.pages = 250
	}
	l.thousands = (salt>>40)%2 == 0
	if strings.HasSuffix(p.path, ".xlsx") {
		l.titles = 1 + int(salt>>16)%2
		l.textual = (salt>>44)%3 == 0
		l.twoLines = p.stream == "employer" || p.stream == "dose" || p.stream == "exam"
		l.pages = 0
		l.breaks = (salt>>54)%2 == 0
		l.notes = (salt>>58)%3 == 0
		if (salt>>48)%5 < 3 {
			l.dates = serial
		}
	}
	return l
}

// writeParcel writes one file and returns what a loader must find in it, with its size in bytes.
func (w *writer) writeParcel(p *parcel, known ledger) (FileTruth, int, error) {
	l := looksOf(p)
	columns := headings(p.stream, l.dialect)
	for i := range columns {
		if l.breaks {
			columns[i].heading = broken(columns[i].heading)
		}
	}
	truth := FileTruth{
		File: p.path, Arrived: p.arrived, Stream: p.stream, Format: "csv", Encoding: l.encoding,
		CorrectedLines: []int{}, VoidedLines: []int{}, UnchangedLines: []int{}, RejectedLines: []Rejected{},
	}
	var sheet paper = &csvPaper{}
	book := strings.HasSuffix(p.path, ".xlsx")
	if book {
		truth.Format, truth.Encoding = "xlsx", "utf-8"
		pages := &bookPaper{book: workbook{name: "Sheet1", inline: l.salt>>52%2 == 0}}
		if l.notes {
			pages.book.hidden = []string{"填表说明", "1. 请勿改动表头。", "2. 日期按年-月-日填写；人数填整数。", "3. 作废的记录在末列注明。"}
		}
		sheet = pages
	}
	for i := range l.titles {
		sheet.title([]string{fmt.Sprintf("新郑市%s%s", p.bucket.name(), streamTitle(p.stream)), "填报单位：" + p.sender + "    单位：人、mSv、mg/m3"}[i], len(columns))
	}
	sheet.heading(columns, l.twoLines)
	sums := map[string]int{}
	for i := range p.rows {
		d := &p.rows[i]
		rec := w.recordOf(d)
		f, err := known.enter(d, rec, columns)
		if err != nil {
			return truth, 0, err
		}
		if l.pages > 0 && i > 0 && i%l.pages == 0 {
			truth.add(sheet.again(columns), fateRejected, "repeated_header")
		}
		if i > 0 && (mix(l.salt+uint64(i))%1500) == 0 {
			sheet.blank(len(columns))
		}
		cells := make([]sheetCell, len(columns))
		for j, c := range columns {
			if c.heading == "序号" {
				cells[j] = sheetCell{text: strconv.Itoa(i + 1), numeric: true}
				continue
			}
			v := rec[c.field]
			if v.kind == cellWhole {
				sums[c.field] += v.n
			}
			cells[j] = l.look(v, mix(l.salt^uint64(i)<<8^uint64(j)), book)
		}
		if d.damage != "" && d.damage != "void_unknown" {
			cells = spoil(d, cells, columns, mix(l.salt^uint64(i)), book)
		}
		truth.add(sheet.row(cells), f, d.damage)
	}
	if l.totals {
		cells := make([]sheetCell, len(columns))
		cells[0] = sheetCell{text: "合计"}
		for j, c := range columns {
			if n := sums[c.field]; j > 0 && n > 0 && (strings.HasPrefix(c.field, "exposed") || c.field == "insured_count" || c.field == "employees") {
				cells[j] = sheetCell{text: strconv.Itoa(n), numeric: true}
			}
		}
		truth.add(sheet.row(cells), fateRejected, "totals_row")
	}
	data, err := sheet.bytes(l.encoding)
	if err != nil {
		return truth, 0, err
	}
	path := filepath.Join(w.dir, filepath.FromSlash(p.path))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return truth, 0, err
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return truth, 0, err
	}
	return truth, len(data), os.Chtimes(path, p.arrived, p.arrived)
}

// enter writes the row into the ledger of what a loader knows by now, and returns the row's fate.
func (known ledger) enter(d *delivery, rec record, columns []column) (fate, error) {
	if d.damage != "" {
		return fateRejected, nil
	}
	key, content := fnv.New64a(), fnv.New64a()
	key.Write([]byte(d.stream + "\x1f" + keyOf(d, rec)))
	fields := make([]string, 0, len(columns))
	for _, c := range columns {
		if c.field != "" && c.field != "record_state" && (c.field != "uscc" || d.stream != "employer") {
			fields = append(fields, c.field)
		}
	}
	slices.Sort(fields) // forms change, content does not
	for _, f := range fields {
		content.Write([]byte(rec[f].canonical() + "\x1f"))
	}
	k, v := key.Sum64(), content.Sum64()
	before, seen := known[k]
	found := fateLoaded
	switch {
	case d.state == "作废":
		found = fateVoided
		v = 0
	case seen && before == v:
		found = fateUnchanged
	case seen:
		found = fateCorrected
	}
	known[k] = v
	if found != d.fate {
		return found, fmt.Errorf("%w: %s of %s sent %s: planned %d, found %d", errLedger, d.stream, keyOf(d, rec), d.sent, d.fate, found)
	}
	return found, nil
}

// keyOf returns the natural key of a row, with the true employer behind a missing code.
func keyOf(d *delivery, rec record) string {
	join := func(parts ...string) string { return strings.Join(parts, "\x1f") }
	get := func(field string) string { return rec[field].canonical() }
	switch f := d.fact.(type) {
	case rosterRow:
		if f.twin {
			return join(get("uscc"), get("workplace_no"))
		}
		return join(f.employer.uscc, get("workplace_no"))
	case *exam:
		return join(f.clinic.code, f.card)
	case *result:
		return join(f.round.lab.code, f.round.reportNo, f.sampleNo, f.hazard.id, f.limitType)
	case *reading:
		return join(f.worker.unit.uscc, f.worker.no, f.from.String(), f.position, f.quantity)
	case declaredFact:
		row := f.receipt.rows[f.row]
		return join(f.receipt.no, row.post.workshop, row.post.kind.post, row.hazard.id)
	case *training:
		who := f.name
		if who == "" {
			who = f.certificate
		}
		return join(f.employer.uscc, f.role, who, f.on.String(), f.kind)
	case *insuredMonth:
		return join(f.employer.uscc, f.month.String())
	case *caseCard:
		return f.no
	case *visit:
		return join(f.patient.person.idNo, f.patient.file, f.on.String())
	case *project:
		return f.no
	case *inspection:
		return join(f.employer.uscc, f.on.String(), f.kind, f.no)
	case *complaint:
		return f.no
	case *accident:
		return f.code
	case *listed:
		return join(f.code, f.kind)
	case *demerit:
		return join(f.institution.code, f.no, f.clause, f.on.String())
	case *summaryReport:
		return join(f.clinic.code, f.employer.uscc, f.report.String(), f.no)
	case *registered:
		return join(f.worker.unit.uscc, f.worker.no)
	}
	return ""
}

func streamTitle(stream string) string {
	return map[string]string{
		"employer": "用人单位名录", "exam": "职业健康检查个案汇总表", "detection": "工作场所职业病危害因素检测结果汇总表", "dose": "放射工作人员个人剂量监测结果",
		"declaration": "职业病危害项目申报明细表", "training": "职业卫生培训台账", "insurance": "工伤保险参保情况表", "case_report": "职业病报告卡汇总表",
		"follow_up": "尘肺病患者随访登记表", "project": "建设项目职业病防护设施“三同时”台账", "inspection": "职业卫生监督检查台账", "complaint": "举报投诉办理台账", "event": "急性职业病危害事件登记表",
		"institution": "职业卫生机构名录", "demerit": "技术服务机构记分台账", "exam_summary": "职业健康检查总结报告汇总表", "radiation_worker": "放射工作人员名册",
	}[stream]
}

// look dresses a value as the sender writes it.
func (l looks) look(v cell, salt uint64, book bool) sheetCell {
	switch v.kind {
	case cellDate:
		if v.day == 0 {
			return sheetCell{}
		}
		if book && l.dates == serial {
			return sheetCell{text: v.day.format(serial), numeric: true, date: true}
		}
		form := l.dates
		if form == serial || l.habit == (habit{1, "gb18030"}) && salt%33 == 0 {
			form = serial
		}
		return sheetCell{text: v.day.format(form)}
	case cellMonth:
		y, m, _ := v.day.date()
		switch l.month {
		case 1:
			return sheetCell{text: fmt.Sprintf("%d年%d月", y, m)}
		case 2:
			return sheetCell{text: fmt.Sprintf("%d%02d", y, m)}
		case 3:
			return sheetCell{text: fullWidth(fmt.Sprintf("%d年%d月", y, m))}
		}
		return sheetCell{text: fmt.Sprintf("%d-%02d", y, m)}
	case cellWhole:
		s := strconv.Itoa(v.n)
		switch {
		case salt%400 == 0:
			return sheetCell{text: fullWidth(s)}
		case l.thousands && v.n >= 1000 && v.n < 1000000 && !(book && !l.textual):
			return sheetCell{text: s[:len(s)-3] + "," + s[len(s)-3:]}
		}
		return sheetCell{text: s, numeric: !l.textual}
	case cellNumber:
		if v.text != "" && salt%700 == 0 {
			return sheetCell{text: fullWidth(v.text)}
		}
		return sheetCell{text: v.text, numeric: v.text != "" && !l.textual}
	}
	return sheetCell{text: v.text}
}

func fullWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r - '0' + '０'
		}
		return r
	}, s)
}

// spoil damages a row so that a loader must refuse it with the delivery's code.
func spoil(d *delivery, cells []sheetCell, columns []column, salt uint64, book bool) []sheetCell {
	set := func(value string, fields ...string) {
		for _, f := range fields {
			for j, c := range columns {
				if c.field == f {
					cells[j] = sheetCell{text: value}
					return
				}
			}
		}
	}
	get := func(field string) string {
		for j, c := range columns {
			if c.field == field {
				return cells[j].text
			}
		}
		return ""
	}
	dates := []string{"exam_date", "sample_date", "period_start", "accept_date", "train_date", "diagnosis_date", "approve_date", "inspect_date", "visit_date"}
	switch d.damage {
	case "id_damaged":
		id := get("id_no")
		body := id[:15] + "00"
		if idCheck(body) == '0' { // would pass as a whole number: another one
			n := id[14] - '0'
			body = id[:14] + string('0'+(n+1)%10) + "00"
		}
		for j, c := range columns {
			if c.field == "id_no" {
				cells[j] = sheetCell{text: body + "0", numeric: book}
			}
		}
	case "id_check_digit":
		set(wrongCheck(strings.ToUpper(get("id_no")), "0123456789X", salt), "id_no")
	case "id_invalid":
		set("身份证遗失", "id_no")
	case "bad_bytes":
		for _, f := range []string{"person_name", "employer_name", "unit_name"} {
			if name := get(f); name != "" {
				set(name+undecodable, f)
				break
			}
		}
	case "required":
		set("", "project_name", "exam_no", "sample_no", "report_date", "hazard", "insured_count", "employer_name")
		if d.stream == "employer" {
			set("", []string{"employees", "uscc"}[salt%2])
		}
	case "date_invalid":
		y := 2025
		if d.sent.year() < 2025 {
			y = d.sent.year()
		}
		set(fmt.Sprintf("%d-02-30", y), dates...)
	case "date_future":
		set("2062-05-06", dates...)
	case "exam_before_birth":
		if x, ok := d.fact.(*exam); ok {
			set((x.worker.person.birth - 400).format(dashes), "exam_date")
		}
	case "unknown_code":
		set("待定", "exam_type", "judgement", "position", "card_kind", "person_role", "channel", "kind", "unit_kind", "result", "status")
	case "not_a_number":
		set("约若干", "exposure_years", "exposed", "insured_count", "employees", "n_due")
		if d.stream == "detection" {
			set("见附件", "value")
		}
	case "out_of_range":
		switch d.stream {
		case "dose":
			set("860", "value")
		case "training":
			set("160", "hours")
		case "employer":
			set("0", "employees")
		}
	case "shifted_row": // a cell too many in the middle: everything behind it stands one column to the right
		at := 3 + int(salt%5)
		return slices.Insert(slices.Clone(cells), at, sheetCell{text: "补录"})
	}
	return cells
}

// undecodable stands in a cell for a byte that is no text in the file's encoding.
const undecodable = "\ufffd"

// broken returns the heading with the line break that a narrow column gives it.
func broken(heading string) string {
	if i := strings.IndexAny(heading, "(（"); i > 0 {
		return heading[:i] + "\n" + heading[i:]
	}
	if r := []rune(heading); len(r) >= 9 {
		return string(r[:len(r)/2]) + "\n" + string(r[len(r)/2:])
	}
	return heading
}

// paper takes the rows of a file and knows on which line each of them stands.
type paper interface {
	title(text string, width int)
	heading(columns []column, twoLines bool)
	again(columns []column) int
	blank(width int)
	row(cells []sheetCell) int
	bytes(encoding string) ([]byte, error)
}

// csvPaper is a text file.
type csvPaper struct {
	buf  bytes.Buffer
	line int // lines written so far
}

func (p *csvPaper) title(text string, width int) {
	cells := make([]sheetCell, width)
	cells[0].text = text
	p.row(cells)
}

func (p *csvPaper) heading(columns []column, _ bool) { p.again(columns) }

func (p *csvPaper) again(columns []column) int {
	cells := make([]sheetCell, len(columns))
	for i, c := range columns {
		cells[i].text = c.heading
	}
	return p.row(cells)
}

func (p *csvPaper) blank(width int) { p.row(make([]sheetCell, width)) }

func (p *csvPaper) row(cells []sheetCell) int {
	at := p.line + 1
	for i, c := range cells {
		if i > 0 {
			p.buf.WriteByte(',')
		}
		if strings.ContainsAny(c.text, ",\"\n\r") || strings.HasPrefix(c.text, " ") {
			p.buf.WriteByte('"')
			p.buf.WriteString(strings.ReplaceAll(c.text, `"`, `""`))
			p.buf.WriteByte('"')
			p.line += strings.Count(c.text, "\n")
			continue
		}
		p.buf.WriteString(c.text)
	}
	p.buf.WriteString("\r\n")
	p.line++
	return at
}

func (p *csvPaper) bytes(encoding string) ([]byte, error) {
	switch encoding {
	case "gb18030":
		var out []byte
		for i, part := range bytes.Split(p.buf.Bytes(), []byte(undecodable)) {
			if i > 0 {
				out = append(out, 0xff)
			}
			encoded, err := simplifiedchinese.GB18030.NewEncoder().Bytes(part)
			if err != nil {
				return nil, fmt.Errorf("encode in GB18030: %w", err)
			}
			out = append(out, encoded...)
		}
		return out, nil
	case "utf-8-bom":
		return append([]byte("\xef\xbb\xbf"), p.buf.Bytes()...), nil
	}
	return p.buf.Bytes(), nil
}

// bookPaper is a workbook with one sheet.
type bookPaper struct{ book workbook }

func (p *bookPaper) title(text string, width int) {
	at := p.row([]sheetCell{{text: text}})
	p.book.merged = append(p.book.merged, fmt.Sprintf("A%d:%s%d", at, columnLetters(width-1), at))
}

func (p *bookPaper) heading(columns []column, twoLines bool) {
	if !twoLines {
		p.again(columns)
		return
	}
	// columns of a group: its name above, merged over them; the others: merged over both lines
	upper := make([]sheetCell, len(columns))
	lower := make([]sheetCell, len(columns))
	at := len(p.book.rows) + 1
	for i := 0; i < len(columns); {
		j := i + 1
		for columns[i].group != "" && j < len(columns) && columns[j].group == columns[i].group {
			j++
		}
		if j == i+1 {
			upper[i].text = columns[i].heading
			p.book.merged = append(p.book.merged, fmt.Sprintf("%s%d:%s%d", columnLetters(i), at, columnLetters(i), at+1))
		} else {
			upper[i].text = columns[i].group
			p.book.merged = append(p.book.merged, fmt.Sprintf("%s%d:%s%d", columnLetters(i), at, columnLetters(j-1), at))
			for k := i; k < j; k++ {
				lower[k].text = columns[k].heading
			}
		}
		i = j
	}
	p.row(upper)
	p.row(lower)
}

func (p *bookPaper) again(columns []column) int {
	cells := make([]sheetCell, len(columns))
	for i, c := range columns {
		cells[i].text = c.heading
	}
	return p.row(cells)
}

func (p *bookPaper) blank(int) { p.book.rows = append(p.book.rows, nil) }

func (p *bookPaper) row(cells []sheetCell) int {
	p.book.rows = append(p.book.rows, cells)
	return len(p.book.rows)
}

func (p *bookPaper) bytes(string) ([]byte, error) {
	var buf bytes.Buffer
	if err := p.book.writeTo(&buf); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// summary counts what was written.
func (w *writer) summary() Summary {
	s := Summary{Files: len(w.files), Bytes: w.bytes, ByStream: map[string]int{}, Employers: len(w.city.employers), Persons: len(w.city.persons), Until: w.city.until.String()}
	for _, f := range w.files {
		s.Rows += f.Rows
		s.ByStream[f.Stream] += f.Rows
	}
	for _, e := range w.city.employers {
		if e.active(w.city.until) {
			s.Exposed += e.exposed()
		}
	}
	s.InstitutionsByKind = w.city.institutions()
	for _, n := range s.InstitutionsByKind {
		s.Institutions += n
	}
	return s
}
