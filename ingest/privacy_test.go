package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"ohwatch/warehouse"
)

// hostile are identity numbers that stand where none belongs, in the forms in which they are written.
var hostile = []string{
	"419999198501010015", "41999919900307002８", "419999 19900307 0028", "419999-19850101-0015", "４１９９９９１９８５０１０１００１５", "卡419999198501010015号",
	"2025419999199003070028",
}

// bare are the numbers themselves: no byte of the warehouse may hold them.
var bareNumbers = []string{"419999198501010015", "419999199003070028"}

// Identity numbers in every column, in headings, and in the names of files and sheets: none is found again in the
// warehouse, in what is printed or logged, or in the data directory outside the kept files.
func TestPrivacy_HostileFiles(t *testing.T) {
	db, err := warehouse.Open(t.Context(), warehouse.Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, db: db, dir: db.DataDir()}
	contracts, err := Contracts()
	if err != nil {
		t.Fatal(err)
	}
	var printed, logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var paths []string
	for _, c := range contracts {
		var head, fine []string
		for i := range c.Fields {
			head = append(head, c.Fields[i].Heading())
			fine = append(fine, c.Fields[i].Example)
		}
		rows := [][]any{{"报表 419999198501010015"}, anys(append(slices.Clone(head), "附注419999199003070028"))}
		for j := range c.Fields {
			values := []string{hostile[j%len(hostile)]}
			if c.Fields[j].Type == "id_no" { // faulty ones, for which the right one may be suggested
				values = []string{"419999198501010016", "41999919850101O015", "4199991985010100 1S", "19850101001541999X", "419999850101001"}
			}
			for _, value := range values {
				row := append(slices.Clone(fine), "")
				row[j] = value
				rows = append(rows, anys(row))
			}
		}
		path := filepath.Join(t.TempDir(), c.Stream+" 419999199003070028.xlsx")
		made := book(t, rows, func(f *excelize.File) {
			if err := f.SetSheetName("Sheet1", "人员419999198501010015"); err != nil {
				t.Fatal(err)
			}
		})
		if err := os.Rename(made, path); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path, d.file(c.Stream+"_419999199003070028.csv", asText(rows[1:])))
	}
	paths = append(paths, d.file("无419999198501010015.csv", "419999198501010015,a\n1,2\n"))
	l, err := Open(t.Context(), Config{DB: db, Dir: d.dir, Today: testToday, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	loaded := 0
	err = l.Load(t.Context(), paths, func(r Result) error {
		loaded += r.Loaded
		fmt.Fprintf(&printed, "%+v %v\n", r, r.Refusal)
		return nil
	})
	if err := errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
	if loaded == 0 {
		t.Fatal("nothing was loaded: the test tests nothing")
	}
	batches, err := Batches(t.Context(), db, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		rejects, err := Rejects(t.Context(), db, d.dir, b.Batch, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rejects {
			r.Sealed = ""
			fmt.Fprintf(&printed, "%+v %+v\n", r, r.MessageArgs())
		}
	}
	review, err := OpenReview(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	names, err := review.Names(t.Context(), "", false, 100)
	fmt.Fprintf(&printed, "%+v %v\n", names, err)
	for where, text := range map[string]string{"output": printed.String(), "log": logged.String()} {
		for _, line := range strings.Split(text, "\n") {
			if found := findNumbers(line, dayOf(testToday)); len(found) > 0 {
				t.Errorf("%s: an identity number in %q", where, line[max(0, found[0].start-60):found[0].end])
			}
			if strings.Contains(line, "1985010100") {
				t.Errorf("%s: most of an identity number in %.300q", where, line)
			}
		}
	}
	d.scanTables(t)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	scanFiles(t, d.dir)
}

func anys(texts []string) []any {
	values := make([]any, len(texts))
	for i, text := range texts {
		values[i] = text
	}
	return values
}

func asText(rows [][]any) string {
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "%q", cell)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// scanTables looks for identity numbers in every text column of every table.
func (d *desk) scanTables(t *testing.T) {
	t.Helper()
	var columns []struct {
		Table string `ch:"table"`
		Name  string `ch:"name"`
	}
	err := d.db.Conn().Select(t.Context(), &columns, `SELECT table, name FROM system.columns WHERE database = currentDatabase() AND type LIKE '%String%'
		AND NOT startsWith(table, 'ref_') AND NOT (table IN ('ops_finding', 'ops_vault') AND name = 'sealed') ORDER BY table, position`)
	if err != nil || len(columns) < 100 {
		t.Fatalf("%d columns: %v", len(columns), err)
	}
	for _, c := range columns {
		var texts []string
		query := fmt.Sprintf("SELECT groupUniqArray(toString(%s)) FROM %s", "`"+c.Name+"`", c.Table)
		if err := d.db.Conn().QueryRow(t.Context(), query).Scan(&texts); err != nil {
			t.Fatal(c.Table, c.Name, err)
		}
		for _, text := range texts {
			if len(findNumbers(text, dayOf(testToday))) > 0 || strings.Contains(text, "1985010100") {
				t.Errorf("table %s, column %s: %q", c.Table, c.Name, text)
			}
		}
	}
}

// scanFiles looks for the plain numbers in every file below dir but the kept ones and the sources of the test.
func scanFiles(t *testing.T, dir string) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if path == filepath.Join(dir, "files") {
				return filepath.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil // a link to a folder that is walked too
		}
		seen++
		data, err := os.ReadFile(path)
		for _, number := range bareNumbers {
			if bytes.Contains(data, []byte(number)) || strings.Contains(path, number) {
				t.Errorf("%s holds %s", path, number)
			}
		}
		return err
	})
	if err != nil || seen < 10 {
		t.Fatalf("%d files seen: %v", seen, err)
	}
	for _, sub := range []string{"keys", "files"} {
		err := filepath.WalkDir(filepath.Join(dir, sub), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestFindNumbers(t *testing.T) {
	for text, want := range map[string]int{
		"419999198501010015": 1, "41999919850101001": 0, "419999198501010016": 0, "": 0, "419999199003070028,419999198501010015": 2, "11010519491231002x": 1,
		"证号：１１０１０５１９４９１２３１００２Ｘ。": 1, "410184106 410184107": 0, "91419999MAXXX0015G": 0, "13800000000 13900000000": 0,
	} {
		if got := findNumbers(text, dayOf(testToday)); len(got) != want {
			t.Errorf("%q: %v, want %d", text, got, want)
		}
	}
	for _, text := range hostile {
		if got := maskPersons(text, dayOf(testToday)); got == text || len(findNumbers(got, dayOf(testToday))) > 0 {
			t.Errorf("%q is masked as %q", text, got)
		}
	}
}

// Whatever surrounds an identity number, it is found; what is found is replaced and nothing else changes.
func TestFindNumbers_Anywhere(t *testing.T) {
	around := rapid.StringOfN(rapid.RuneFrom([]rune("卡号ab（）:")), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		before, after := around.Draw(t, "before"), around.Draw(t, "after")
		number := rapid.SampledFrom(hostile).Draw(t, "number")
		got := replaceNumbers(before+number+after, dayOf(testToday), func(string) string { return "#" })
		if !strings.HasPrefix(got, before) || !strings.HasSuffix(got, after) || !strings.Contains(got, "#") {
			t.Fatalf("%q became %q", before+number+after, got)
		}
	})
}

const caseHead = "卡片编号,报告卡类别,报告类别,姓名,身份证号,性别,出生日期,联系电话,用人单位名称,病人来源,具体病名,职业病危害因素,统计工种,专业工龄年,诊断日期,尘肺期别,诊断机构,填卡单位,填卡日期\n"

func caseRow(card, name, number, phone string) string {
	return card + ",尘肺病,新病例," + name + "," + number + ",男,1985-01-01," + phone + ",新郑市示例机械有限公司,职业病诊断,矽肺,矽尘,凿岩,17,2025-05-11,壹期,诊断医院,填卡医院,2025-05-12\n"
}

// person is the pseudonym of a card.
func (d *desk) person(t *testing.T, card string) uuid.UUID {
	t.Helper()
	var person uuid.UUID
	if err := d.db.Conn().QueryRow(t.Context(), "SELECT argMax(person_key, batch) FROM raw_case_report WHERE card_no = ?", card).Scan(&person); err != nil {
		t.Fatal(err)
	}
	return person
}

func values(found []Identifier) string {
	var texts []string
	for _, i := range found {
		texts = append(texts, i.Field+"="+i.Value)
	}
	return strings.Join(texts, " ")
}

// What the contract wants to be kept is in the vault, sealed; it can be read with a reason, which is recorded, and
// goes with its batch. A new telephone number is a correction though no column of the rows has it.
func TestVault_KeepsAndShows(t *testing.T) {
	d := newDesk(t)
	d.load(Config{}, d.file("a.csv", caseHead+caseRow("K1", "张三", "419999198501010015", "13800000001")))
	person := d.person(t, "K1")
	if _, err := ReadVault(t.Context(), d.db, d.dir, person, "doctor", ""); err == nil {
		t.Error("the vault was read without a reason")
	}
	found, err := ReadVault(t.Context(), d.db, d.dir, person, "doctor", "visit")
	if got := values(found); err != nil || got != "id_no=419999198501010015 person_name=张三 phone=13800000001" {
		t.Errorf("%s: %v", got, err)
	}
	again := d.load(Config{}, d.file("b.csv", caseHead+caseRow("K1", "张三", "419999198501010015", "13800000002")))[0]
	if again.sums() != (sums{read: 1, corrected: 1}) {
		t.Errorf("another telephone number: %+v", again)
	}
	found, err = ReadVault(t.Context(), d.db, d.dir, person, "doctor", "visit")
	if got := values(found); err != nil || !strings.HasSuffix(got, "phone=13800000002 phone=13800000001") {
		t.Errorf("%s: %v", got, err)
	}
	for _, batch := range []uint64{again.Batch, 1} {
		if _, err := Revert(t.Context(), d.db, d.dir, batch, "test", "gone"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ReadVault(t.Context(), d.db, d.dir, person, "doctor", "visit"); !errors.Is(err, ErrNotInVault) {
		t.Errorf("after its batches were taken back: %v", err)
	}
	var asked uint64
	if err := d.db.Conn().QueryRow(t.Context(), "SELECT count() FROM ops_audit WHERE action = 'vault_show' AND by = 'doctor' AND object = ?", person.String()).Scan(&asked); err != nil || asked != 3 {
		t.Errorf("%d questions recorded (%v), want 3", asked, err)
	}
	for _, personal := range []string{"419999198501010015", "张三", "13800000001"} {
		var n uint64
		if err := d.db.Conn().QueryRow(t.Context(), "SELECT countIf(position(toString(tuple(*)), ?) > 0) FROM ops_vault", personal).Scan(&n); err != nil || n > 0 {
			t.Errorf("%s stands in %d entries of the vault (%v)", personal, n, err)
		}
	}
}

// Keys change, persons still match, files sent again are unchanged, rejected rows and the vault can still be read,
// and the old keys open nothing new.
func TestRotateKeys_PersonsStillMatch(t *testing.T) {
	d := newDesk(t)
	text := caseHead + caseRow("K1", "张三", "419999198501010015", "13800000001") + caseRow("K2", "李四", "坏", "")
	d.load(Config{}, d.file("a.csv", text))
	person := d.person(t, "K1")
	dir := filepath.Join(d.dir, "keys")
	stolen := copyDir(t, dir)
	states, err := RotateKeys(t.Context(), d.db, d.dir, "test", "once a year")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(len(states), states[len(states)-1].Version, states[len(states)-1].Entries); got != "4 2 3" {
		t.Errorf("keys after the rotation: %+v", states)
	}
	if got := d.load(Config{}, d.file("b.csv", text+"\n"))[0]; got.Unchanged != 1 || got.Rejected != 1 {
		t.Errorf("sent again: %+v", got)
	}
	d.load(Config{}, d.file("c.csv", caseHead+caseRow("K3", "张三", "419999198501010015", "13800000003")))
	if d.person(t, "K3") != person {
		t.Error("the same person has another pseudonym")
	}
	found, err := ReadVault(t.Context(), d.db, d.dir, person, "test", "check")
	if got := values(found); err != nil || got != "id_no=419999198501010015 person_name=张三 phone=13800000003 phone=13800000001" {
		t.Errorf("%s: %v", got, err)
	}
	for _, batch := range []uint64{1, 2} {
		rejects, err := Rejects(t.Context(), d.db, d.dir, batch, true)
		if err != nil || len(rejects) != 1 || rejects[0].Value != "坏" {
			t.Errorf("rejects of batch %d: %+v (%v)", batch, rejects, err)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(stolen, dir); err != nil {
		t.Fatal(err)
	}
	if found, err := ReadVault(t.Context(), d.db, d.dir, person, "thief", "steal"); err == nil {
		t.Errorf("the stolen keys open the vault: %v", found)
	}
}

// A rotation that was killed after any of its steps is ended by the next one, and everything can be read meanwhile.
func TestRotateKeys_KilledBetweenSteps(t *testing.T) {
	for step, kill := range []func(ctx context.Context, d *desk, k *keys) error{
		func(_ context.Context, _ *desk, k *keys) error { // files written, keyring not yet replaced
			_, _, err := writeKeyring(k.dir, k.text)
			return err
		},
		func(_ context.Context, _ *desk, k *keys) error { return k.renew(true, nil) },
		func(ctx context.Context, d *desk, k *keys) error { // sealed anew, old entries not yet removed
			return errors.Join(k.renew(true, nil), resealVault(ctx, d.db, k))
		},
	} {
		d := newDesk(t)
		d.load(Config{}, d.file("a.csv", caseHead+caseRow("K1", "张三", "419999198501010015", "13800000001")))
		person := d.person(t, "K1")
		read := func(when string) {
			t.Helper()
			found, err := ReadVault(t.Context(), d.db, d.dir, person, "test", "check")
			if got := values(found); err != nil || got != "id_no=419999198501010015 person_name=张三 phone=13800000001" {
				t.Errorf("step %d, %s: %s: %v", step, when, got, err)
			}
		}
		keyring, err := openKeys(filepath.Join(d.dir, "keys"))
		if err != nil {
			t.Fatal(err)
		}
		if err := kill(t.Context(), d, keyring); err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		read("killed")
		states, err := RotateKeys(t.Context(), d.db, d.dir, "test", "again")
		if err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		if last := states[len(states)-1]; last.Purpose != forVault || last.Version != 2 || last.Entries != 3 || len(states) != 4 {
			t.Errorf("step %d: %+v", step, states)
		}
		read("ended")
		masters, err := filepath.Glob(filepath.Join(d.dir, "keys", "*"))
		if err != nil || len(masters) != 2 {
			t.Errorf("step %d: files of keys %v (%v)", step, masters, err)
		}
		d.load(Config{}, d.file("b.csv", caseHead+caseRow("K2", "张三", "419999198501010015", "13800000001")))
		if d.person(t, "K2") != person {
			t.Errorf("step %d: the person has another pseudonym", step)
		}
	}
}

// Keys of the first form, one file each, are taken over with the same pseudonyms.
func TestOpenKeys_TakesOverOldFiles(t *testing.T) {
	dir := t.TempDir()
	secret := bytes.Repeat([]byte{7}, 32)
	for _, name := range []string{"pseudonym.key", "seal.key"} {
		if err := os.WriteFile(filepath.Join(dir, name), secret, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k, err := openKeys(dir)
	if err != nil || !bytes.Equal(k.pseudonym, secret) {
		t.Fatalf("the pseudonym key was not taken over: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "pseudonym.key")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old file is still there: %v", err)
	}
	again, err := openKeys(dir)
	if err != nil || !bytes.Equal(again.pseudonym, secret) {
		t.Errorf("opened again: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, masterFile(again.text.Master))); err != nil {
		t.Fatal(err)
	}
	if _, err := openKeys(dir); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without the master key: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, keyringFile)); err != nil {
		t.Errorf("a lost master key made new keys: %v", err)
	}
}

func copyDir(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(filepath.Join(to, "keys"), os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(to, "keys")
}
