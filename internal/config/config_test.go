package config

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ohwatch/internal/message"
)

var placeholder = regexp.MustCompile(`\{(where|key|value|want|file|error)\}`)

func noEnv(string) string { return "" }

func env(pairs ...string) func(string) string {
	values := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return values[name] }
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExample_SaysTheDefaults(t *testing.T) {
	var got Config
	sources, err := got.readYAML(Example())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), got); diff != "" {
		t.Errorf("the example differs from the defaults (-default +example):\n%s", diff)
	}
	for _, path := range got.leaves() {
		if sources[keyName(path)] == "" {
			t.Errorf("the example does not show %s", keyName(path))
		}
	}
}

func TestDefault_IsValid(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
}

func TestLoad_WhereTheFileIsFound(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"flag.yaml": "city: {name_en: Flag}", "env.yaml": "city: {name_en: Env}", FileName: "city: {name_en: Here}",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ flag, variable, want, file string }{
		{"flag.yaml", "env.yaml", "Flag", "flag.yaml"},
		{"", "env.yaml", "Env", "env.yaml"},
		{"", "", "Here", FileName},
	} {
		got, err := Load(c.flag, env("OHWATCH_CONFIG", c.variable))
		if err != nil {
			t.Fatal(err)
		}
		if got.City.NameEn != c.want || got.File != c.file {
			t.Errorf("flag %q, variable %q: read %s (%s), want %s", c.flag, c.variable, got.File, got.City.NameEn, c.file)
		}
	}
	if err := os.Remove(FileName); err != nil {
		t.Fatal(err)
	}
	got, err := Load("", noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), got); diff != "" {
		t.Errorf("without a file (-default +got):\n%s", diff)
	}
	for _, c := range []struct{ flag, variable string }{{"missing.yaml", ""}, {"", "missing.yaml"}} {
		_, err := Load(c.flag, env("OHWATCH_CONFIG", c.variable))
		var fault *Error
		if !errors.As(err, &fault) || fault.Code != "config.not_found" || fault.Args["file"] != "missing.yaml" {
			t.Errorf("flag %q, variable %q: error %v, want not_found", c.flag, c.variable, err)
		}
	}
}

func TestLoad_Precedence(t *testing.T) {
	path := write(t, `
data:
  dir: kept
jobs:
  warn:
    enabled: false
    retries: 2
serve:   # nothing below: keeps the default
engine: {memory: 2GiB, port: 0x10}
city:
  name_en: "From file"
rules:
  R35:
    days_late: {value: 10, reason: by post}
    share: {value: 0.25, reason: agreed}
`)
	if _, err := Load(path, noEnv); err == nil {
		t.Fatal("0x10 was taken for a port")
	}
	path = write(t, strings.ReplaceAll(mustRead(t, path), "0x10", "16"))
	got, err := Load(path, env(
		"OHWATCH_JOBS_WARN_RETRIES", "7",
		"OHWATCH_CITY_NAME_EN", "From environment",
		"OHWATCH_RULES_R35_DAYS_LATE_VALUE", "12",
		"OHWATCH_ENGINE_PORT", "9001",
	))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.File = path
	want.Data.Dir = filepath.Join(filepath.Dir(path), "kept")
	want.Jobs.Warn.Enabled, want.Jobs.Warn.Retries = false, 7
	want.Engine.Memory, want.Engine.Port = 2<<30, 9001
	want.City.NameEn = "From environment"
	want.Rules = map[string]map[string]Override{"R35": {
		"days_late": {Value: "12", Reason: "by post"}, "share": {Value: "0.25", Reason: "agreed"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestLoad_FolderFromTheEnvironmentIsRelativeToHere(t *testing.T) {
	path := write(t, "data: {dir: kept}")
	got, err := Load(path, env("OHWATCH_DATA_DIR", "elsewhere"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Data.Dir != "elsewhere" {
		t.Errorf("data directory %q, want elsewhere", got.Data.Dir)
	}
	path = write(t, "city: {name_en: X}")
	if got, err = Load(path, noEnv); err != nil || got.Data.Dir != filepath.Join(filepath.Dir(path), "ohwatch-data") {
		t.Errorf("data directory %q, %v; want the default beside the file", got.Data.Dir, err)
	}
}

func TestLoad_EveryKeyHasItsVariable(t *testing.T) {
	for _, c := range []struct{ key, variable, value string }{
		{"data.dir", "OHWATCH_DATA_DIR", "d"},
		{"engine.dsn", "OHWATCH_ENGINE_DSN", "clickhouse://h:9000/x"},
		{"engine.library", "OHWATCH_ENGINE_LIBRARY", "/l.so"},
		{"engine.memory", "OHWATCH_ENGINE_MEMORY", "1GiB"},
		{"engine.statement", "OHWATCH_ENGINE_STATEMENT", "1GiB"},
		{"ingest.stable_seconds", "OHWATCH_INGEST_STABLE_SECONDS", "3"},
		{"jobs.ingest.catch_up", "OHWATCH_JOBS_INGEST_CATCH_UP", "all"},
		{"jobs.report.enabled", "OHWATCH_JOBS_REPORT_ENABLED", "false"},
		{"serve.listen", "OHWATCH_SERVE_LISTEN", "[::1]:9090"},
		{"reports.lang", "OHWATCH_REPORTS_LANG", "en"},
		{"dose.below_mdl", "OHWATCH_DOSE_BELOW_MDL", "zero"},
		{"dose.thyroid_shield", "OHWATCH_DOSE_THYROID_SHIELD", "false"},
		{"dose.first_block", "OHWATCH_DOSE_FIRST_BLOCK", "2003"},
	} {
		got, err := Load(write(t, ""), env(c.variable, c.value))
		if err != nil {
			t.Fatalf("%s: %v", c.variable, err)
		}
		want := Default()
		if cmp.Equal(want, got, cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "File" }, cmp.Ignore())) {
			t.Errorf("%s=%s changed nothing", c.variable, c.value)
		}
	}
}

func TestLoad_Faults(t *testing.T) {
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text, code, where, key string
		env                    func(string) string
	}{
		"unknown section":       {text: "srve:\n  listen: x\n", code: "config.unknown_key", where: ":1:1", key: "srve"},
		"unknown key":           {text: "serve:\n  listn: x\n", code: "config.unknown_key", where: ":2:3", key: "serve.listn"},
		"unknown job":           {text: "jobs:\n  fetch:\n    cron: x\n", code: "config.unknown_key", where: ":2:3", key: "jobs.fetch"},
		"key twice":             {text: "serve:\n  listen: a:1\n  listen: b:2\n", code: "config.syntax", where: ":3:3"},
		"section is a value":    {text: "serve: here\n", code: "config.not_a_section", where: ":1:8", key: "serve"},
		"value is a list":       {text: "data:\n  dir: [a, b]\n", code: "config.not_a_value", where: ":2:8", key: "data.dir"},
		"value is a section":    {text: "data:\n  dir: {a: b}\n", code: "config.not_a_value", key: "data.dir"},
		"not YAML":              {text: "data: {dir: [}\n", code: "config.syntax", where: ":1:"},
		"a tab":                 {text: "data:\n\tdir: x\n", code: "config.syntax", where: ":2:1"},
		"two documents":         {text: "data: {dir: x}\n---\ndata: {dir: y}\n", code: "config.syntax", where: ":3:"},
		"a list of all":         {text: "- data\n", code: "config.not_a_section", where: ":1:1"},
		"an alias":              {text: "data: &d {dir: x}\nengine: *d\n", code: "config.not_a_section", where: ":1:"},
		"not a number":          {text: "engine:\n  port: many\n", code: "config.invalid", where: ":2:9", key: "engine.port"},
		"not a switch":          {text: "jobs:\n  warn:\n    enabled: maybe\n", code: "config.invalid", where: ":3:14", key: "jobs.warn.enabled"},
		"not a size":            {text: "engine: {memory: much}", code: "config.invalid", key: "engine.memory"},
		"too little memory":     {text: "engine: {memory: 1KiB}", code: "config.invalid", key: "engine.memory"},
		"too small a statement": {text: "engine: {statement: 1MiB}", code: "config.invalid", key: "engine.statement"},
		"port out of range":     {text: "engine: {port: 70000}", code: "config.invalid", key: "engine.port"},
		"foreign DSN":           {text: "engine: {dsn: 'mysql://a:b@c/d'}", code: "config.invalid", key: "engine.dsn"},
		"bad database":          {text: "engine: {database: 'a b'}", code: "config.invalid", key: "engine.database"},
		"bad city":              {text: "city: {code: 4101}", code: "config.invalid", where: ":1:14", key: "city.code"},
		"cron with a zone":      {text: "jobs:\n  warn:\n    cron: TZ=0\n", code: "config.invalid", where: ":3:11", key: "jobs.warn.cron"},
		"cron that is never":    {text: "jobs: {warn: {cron: '0 0 31 2 *'}}", code: "config.invalid", key: "jobs.warn.cron"},
		"policy":                {text: "jobs: {warn: {catch_up: twice}}", code: "config.invalid", key: "jobs.warn.catch_up"},
		"retries":               {text: "jobs: {warn: {retries: -1}}", code: "config.invalid", key: "jobs.warn.retries"},
		"done is a path":        {text: "ingest: {done: ../done}", code: "config.invalid", key: "ingest.done"},
		"done is failed":        {text: "ingest: {done: x, failed: x}", code: "config.invalid", key: "ingest.failed"},
		"listen without port":   {text: "serve: {listen: localhost}", code: "config.invalid", key: "serve.listen"},
		"API open to all":       {text: "upload: {listen: '0.0.0.0:8443'}", code: "config.invalid", key: "upload.tls_cert"},
		"half a certificate":    {text: "upload: {tls_cert: a.pem}", code: "config.invalid", key: "upload.tls_key"},
		"tiny uploads":          {text: "upload: {max_size: 10}", code: "config.invalid", key: "upload.max_size"},
		"fetch of odd name":     {text: "fetch: {A_b: {address: x}}", code: "config.invalid", key: "fetch.A_b"},
		"fetch without a key":   {text: "fetch: {lab: {address: x, user: u, folder: /o, sender: s, key_file: k}}", code: "config.invalid", key: "fetch.lab.host_key"},
		"fetch, no secret":      {text: "fetch: {lab: {address: x, user: u, folder: /o, sender: s, host_key: ssh-ed25519 AAAA}}", code: "config.invalid", key: "fetch.lab.key_file"},
		"fetch, unknown key":    {text: "fetch: {lab: {adress: x}}", code: "config.unknown_key", where: ":1:15", key: "fetch.lab.adress"},
		"contact, no role":      {text: "contacts: {cdc: {role_en: x, phone: 120}}", code: "config.invalid", key: "contacts.cdc.role_zh"},
		"contact, bad phone":    {text: "contacts: {cdc: {role_zh: x, role_en: x, phone: Li}}", code: "config.invalid", where: ":1:49", key: "contacts.cdc.phone"},
		"contact, a name":       {text: "contacts: {cdc: {name: Li}}", code: "config.unknown_key", where: ":1:18", key: "contacts.cdc.name"},
		"fetch, bad cron":       {text: "fetch: {lab: {cron: often}}", code: "config.invalid", where: ":1:21", key: "fetch.lab.cron"},
		"below the level":       {text: "dose: {below_mdl: third}", code: "config.invalid", key: "dose.below_mdl"},
		"first block":           {text: "dose: {first_block: 5}", code: "config.invalid", key: "dose.first_block"},
		"language":              {text: "reports: {lang: fr}", code: "config.invalid", key: "reports.lang"},
		"rule without reason":   {text: "rules: {R04: {days: {value: 3}}}", code: "config.invalid", key: "rules.R04.days.reason"},
		"rule with one value":   {text: "rules: {R04: {days: 3}}", code: "config.not_a_section", key: "rules.R04.days"},
		"rule of odd name":      {text: "rules: {r 4: {days: {value: 3, reason: x}}}", code: "config.invalid", key: "rules.r 4"},
		"bad variable":          {env: env("OHWATCH_ENGINE_PORT", "x"), code: "config.invalid", where: "OHWATCH_ENGINE_PORT", key: "engine.port"},
		"variable validated":    {env: env("OHWATCH_JOBS_WARN_CRON", "* *"), code: "config.invalid", where: "OHWATCH_JOBS_WARN_CRON", key: "jobs.warn.cron"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.env == nil {
				c.env = noEnv
			}
			_, err := Load(write(t, c.text), c.env)
			var fault *Error
			if !errors.As(err, &fault) {
				t.Fatalf("error %v, want *Error", err)
			}
			if fault.Code != c.code || c.key != "" && fault.Args["key"] != c.key || !strings.Contains(fault.Args["where"], c.where) {
				t.Errorf("got %s %v, want %s of %s at %s", fault.Code, fault.Args, c.code, c.key, c.where)
			}
			key, args := fault.Message()
			for _, lang := range []message.Lang{message.Chinese, message.English} {
				text := catalogue.Printer(lang).Text(key, args)
				if placeholder.MatchString(text) || text == "["+key+"]" {
					t.Errorf("message with an open placeholder: %s", text)
				}
			}
		})
	}
}

func TestLoad_FetchKeepsDefaultsAndTakesVariables(t *testing.T) {
	got, err := Load(write(t, "fetch: {lab: {address: x, user: u, folder: /o, sender: s, host_key: ssh-ed25519 AAAA, password_env: P}}"),
		env("OHWATCH_FETCH_LAB_ADDRESS", "other:22", "OHWATCH_FETCH_LAB_RETRIES", "7"))
	if err != nil {
		t.Fatal(err)
	}
	want := Fetch{
		Address: "other:22", User: "u", HostKey: "ssh-ed25519 AAAA", PasswordEnv: "P", Folder: "/o", Sender: "s", StableSeconds: 60,
		Job: Job{Cron: "15 * * * *", Enabled: true, CatchUp: "once", Retries: 7},
	}
	if diff := cmp.Diff(want, got.Fetch["lab"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if all := got.JobList(); all[0].Name != "fetch-lab" || all[0].Retries != 7 || len(all) != 5 {
		t.Errorf("jobs %+v", all)
	}
}

func TestLoad_AllFaultsAtOnce(t *testing.T) {
	_, err := Load(write(t, "engine: {port: 70000}\nreports: {lang: fr}\n"), noEnv)
	if err == nil || !strings.Contains(err.Error(), "engine.port") || !strings.Contains(err.Error(), "reports.lang") {
		t.Errorf("error %v, want both faults", err)
	}
}

func TestLoad_PasswordStaysOutOfTheError(t *testing.T) {
	_, err := Load(write(t, "engine: {dsn: 'http://u:geheim@h/d'}"), noEnv)
	if err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("error %v, want one without the password", err)
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]Size{
		"": 0, "0": 0, "17": 17, "1B": 1, "2GiB": 2 << 30, "2 gb": 2 << 30, "1.5G": 3 << 29, "512MiB": 512 << 20, "3k": 3 << 10, "1T": 1 << 40,
	} {
		got, err := ParseSize(text)
		if err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", text, got, err, want)
		}
		again, err := ParseSize(got.String())
		if err != nil || again != got {
			t.Errorf("%q written as %q reads as %d, %v", text, got.String(), again, err)
		}
	}
	for _, text := range []string{"-1", "x", "1X", "GiB", "NaN", "1e40", "Inf", "1,5G"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", text, got)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(string(Example()))
	for _, seed := range []string{"", "a: b", "rules: {R1: {a: {value: 1, reason: x}}}", "jobs: {warn: {cron: CRON_TZ=X}}", "- -", "? a\n: b", "<<: {a: b}", "data: !!str x", "data: |\n  x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cfg := Default()
		cfg.File = "c.yaml"
		sources, err := cfg.readYAML([]byte(text))
		if err != nil {
			var fault *Error
			if !errors.As(err, &fault) {
				t.Fatalf("%q: error %v is no *Error", text, err)
			}
			return
		}
		if err := cfg.validate(sources); err == nil && cfg.Data.Dir == "" {
			t.Fatalf("%q: valid without a data directory", text)
		}
	})
}
