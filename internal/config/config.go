// Package config holds the settings of ohwatch: their defaults, the file that changes them and the
// environment variables that change them again.
//
// The file is YAML. It is read strictly: a key that does not exist, a key that stands twice and a value that
// does not fit are errors that name file, line and column. Every key can be overridden by an environment
// variable named OHWATCH_ and the key's path in capitals: serve.listen by OHWATCH_SERVE_LISTEN.
package config

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// FileName is the name of the file that is read from the current folder when no other is named.
const FileName = "ohwatch.yaml"

// fileVariable names the file to read when no flag does.
const fileVariable = "OHWATCH_CONFIG"

// fileMost is the size in bytes above which a file is not taken for a configuration.
const fileMost = 1 << 20

// Config is the whole configuration. It is a value: a copy shares only its maps, which nobody changes.
type Config struct {
	// File is the path of the file that was read, empty when there was none.
	File string `yaml:"-"`

	Data    Data    `yaml:"data"`
	Engine  Engine  `yaml:"engine"`
	City    City    `yaml:"city"`
	Ingest  Ingest  `yaml:"ingest"`
	Jobs    Jobs    `yaml:"jobs"`
	Serve   Serve   `yaml:"serve"`
	Upload  Upload  `yaml:"upload"`
	Reports Reports `yaml:"reports"`

	Assessment Assessment `yaml:"assessment"`
	Dose       Dose       `yaml:"dose"`
	Delivery   Delivery   `yaml:"delivery"`
	Budget     Budget     `yaml:"budget"`

	// Fetch holds the SFTP servers to fetch files from, by name.
	Fetch map[string]Fetch `yaml:"fetch"`

	// Contacts are the desks to call when there is a group event, by name.
	Contacts map[string]Contact `yaml:"contacts"`

	// Rules changes parameters of warning rules: rule, parameter, new value with the reason for it.
	Rules map[string]map[string]Override `yaml:"rules"`
}

// Data says where everything is kept.
type Data struct {
	Dir         string `yaml:"dir"`         // relative to the folder of the file, if one is read; from the environment to the current folder
	Definitions string `yaml:"definitions"` // folder with further contracts, migrations, models, rules; relative to the data directory; empty: none
}

// Engine says which ClickHouse holds the warehouse.
type Engine struct {
	DSN       string `yaml:"dsn"`       // clickhouse://user:password@host:9000/database; empty: embedded engine
	Library   string `yaml:"library"`   // libchdb.so; empty: looked for in the usual places
	Memory    Size   `yaml:"memory"`    // that the embedded engine may use; 0: half of the machine
	Statement Size   `yaml:"statement"` // memory that one statement of a transform may use, of which two run at a time; 0: 2 GiB
	Port      int    `yaml:"port"`      // of the embedded engine on loopback; 0: a free one
	Cluster   string `yaml:"cluster"`   // name of a ClickHouse cluster; empty: a single server
	Database  string `yaml:"database"`  // empty: the DSN's, else ohwatch
}

// City says whose warehouse this is.
type City struct {
	Code           string `yaml:"code"` // six digits of GB/T 2260
	NameZh         string `yaml:"name_zh"`
	NameEn         string `yaml:"name_en"`
	OrganisationZh string `yaml:"organisation_zh"` // issuer printed on bulletins
	OrganisationEn string `yaml:"organisation_en"`
	County         string `yaml:"county"` // as senders write it in their county column
}

// Ingest describes the drop folder.
type Ingest struct {
	Folder        string `yaml:"folder"`         // relative to the data directory
	Done          string `yaml:"done"`           // folder inside it for loaded files
	Failed        string `yaml:"failed"`         // folder inside it for refused files
	StableSeconds int    `yaml:"stable_seconds"` // a file is taken when its size has not changed for so long
}

// Jobs holds the schedule of each job.
type Jobs struct {
	Ingest    Job `yaml:"ingest"`
	Transform Job `yaml:"transform"`
	Warn      Job `yaml:"warn"`
	Report    Job `yaml:"report"`
}

// Job is the schedule of one job.
type Job struct {
	Cron    string `yaml:"cron"` // five fields, in Asia/Shanghai
	Enabled bool   `yaml:"enabled"`
	CatchUp string `yaml:"catch_up"` // missed runs: once, skip or all
	Retries int    `yaml:"retries"`  // further attempts after a failed one
}

// NamedJob is a job with its name.
type NamedJob struct {
	Name string
	Job
}

// List returns the jobs in the order in which they feed each other.
func (j Jobs) List() []NamedJob {
	return []NamedJob{{"ingest", j.Ingest}, {"transform", j.Transform}, {"warn", j.Warn}, {"report", j.Report}}
}

// JobList returns every job: the fetches, by name, and then the others in the order in which they feed each other.
func (c Config) JobList() []NamedJob {
	var all []NamedJob
	for _, name := range slices.Sorted(maps.Keys(c.Fetch)) {
		all = append(all, NamedJob{FetchPrefix + name, c.Fetch[name].Job})
	}
	return append(all, c.Jobs.List()...)
}

// fetchKey is the section of the fetches.
const fetchKey = "fetch"

// FetchPrefix is what the job of a fetch has before the name of its source.
const FetchPrefix = "fetch-"

// Serve describes the web server.
type Serve struct {
	Listen string `yaml:"listen"` // host:port on loopback
}

// Upload describes the interface by which senders upload files.
type Upload struct {
	Listen    string `yaml:"listen"`     // host:port of its own; empty: served with the pages, on loopback
	TLSCert   string `yaml:"tls_cert"`   // PEM files; needed unless listen is a loopback address
	TLSKey    string `yaml:"tls_key"`    //
	MaxSize   Size   `yaml:"max_size"`   // of one file
	PerMinute int    `yaml:"per_minute"` // requests of one token
}

// Fetch is one SFTP server from which files are fetched. Who sends what, the sender's profile says.
type Fetch struct {
	Address       string `yaml:"address"`  // host or host:port
	User          string `yaml:"user"`     //
	HostKey       string `yaml:"host_key"` // public key of the server, as in known_hosts without the name: ssh-ed25519 AAAA…
	KeyFile       string `yaml:"key_file"` // private key, relative to the data directory
	PasswordFile  string `yaml:"password_file"`
	PasswordEnv   string `yaml:"password_env"`   // name of the variable that holds the password, or the passphrase of the key
	Folder        string `yaml:"folder"`         // on the server
	Done          string `yaml:"done"`           // folder on the server for files that were fetched; empty: they stay
	Sender        string `yaml:"sender"`         // name of the profile
	Stream        string `yaml:"stream"`         // empty: found by the headings
	StableSeconds int    `yaml:"stable_seconds"` // a file is taken when it has not changed for so long
	Job           `yaml:",inline"`
}

// Assessment says how townships and departments are assessed.
type Assessment struct {
	Scheme string `yaml:"scheme"` // name of a file in sql/assessment or in the folder assessment of data.definitions
}

// Reports says where bulletins go.
type Reports struct {
	Out        string `yaml:"out"`         // folder, relative to the data directory
	Lang       string `yaml:"lang"`        // zh or en
	RedHeadZh  string `yaml:"red_head_zh"` // red head (红头) above the title; empty: none
	RedHeadEn  string `yaml:"red_head_en"`
	Logo       string `yaml:"logo"`        // PNG file, relative to the data directory; empty: none
	Chromium   string `yaml:"chromium"`    // program that prints PDF; empty: looked for in the PATH
	SmallCells int    `yaml:"small_cells"` // counts from 1 to below it are hidden in public reports
}

// Dose says what the standards on personal doses leave to whoever keeps the records.
type Dose struct {
	BelowMDL      string `yaml:"below_mdl"`      // what a reading below the detection level counts: half of it, zero or mdl (the level)
	ThyroidShield bool   `yaml:"thyroid_shield"` // worn with two dosimeters, under and over a lead apron
	FirstBlock    int    `yaml:"first_block"`    // first year of one of the fixed blocks of five years
}

// Budget says how many warnings each addressee gets in a month.
type Budget struct {
	WJW  Warnings `yaml:"wjw"`
	JDS  Warnings `yaml:"jds"`
	CDC  Warnings `yaml:"cdc"`
	TS   Warnings `yaml:"ts"` // each township
	RSJ  Warnings `yaml:"rsj"`
	YB   Warnings `yaml:"yb"`
	MZ   Warnings `yaml:"mz"`
	GOV  Warnings `yaml:"gov"`
	EMP  Warnings `yaml:"emp"`  // all employers together
	INST Warnings `yaml:"inst"` // all institutions together
}

// Warnings are numbers of warnings by severity; -1: any number.
type Warnings struct {
	Red    int `yaml:"red"`
	Orange int `yaml:"orange"`
}

// ByAddressee returns the budgets by the code of their addressee.
func (b Budget) ByAddressee() map[string]Warnings {
	return map[string]Warnings{
		"WJW": b.WJW, "JDS": b.JDS, "CDC": b.CDC, "TS": b.TS, "RSJ": b.RSJ, "YB": b.YB, "MZ": b.MZ, "GOV": b.GOV, "EMP": b.EMP, "INST": b.INST,
	}
}

// defaultBudget is what a county's handful of people can work off.
func defaultBudget() Budget {
	office, any := Warnings{Red: 5, Orange: 30}, Warnings{Red: -1, Orange: -1}
	return Budget{WJW: office, JDS: office, CDC: office, TS: office, RSJ: office, YB: office, MZ: office, GOV: office, EMP: any, INST: any}
}

// Contact is a desk to call: a role, never a person's name.
type Contact struct {
	Office string `yaml:"office"` // code as in rules: WJW, CDC, …
	RoleZh string `yaml:"role_zh"`
	RoleEn string `yaml:"role_en"`
	Phone  string `yaml:"phone"`
}

// Override is the value that replaces the default of a rule's parameter.
type Override struct {
	Value  string `yaml:"value"`
	Reason string `yaml:"reason"` // why this city differs; never empty
}

// DropFolder returns the path of the drop folder.
func (c Config) DropFolder() string { return c.inData(c.Ingest.Folder) }

// DoneFolder returns the path of the folder for loaded files.
func (c Config) DoneFolder() string { return filepath.Join(c.DropFolder(), c.Ingest.Done) }

// FailedFolder returns the path of the folder for refused files.
func (c Config) FailedFolder() string { return filepath.Join(c.DropFolder(), c.Ingest.Failed) }

// ReportsFolder returns the path of the folder for bulletins.
func (c Config) ReportsFolder() string { return c.inData(c.Reports.Out) }

// InData returns a path that is relative to the data directory.
func (c Config) InData(path string) string { return c.inData(path) }

// DefinitionsFolder returns the path of the folder with the operator's own definitions, empty when there is none.
func (c Config) DefinitionsFolder() string {
	if c.Data.Definitions == "" {
		return ""
	}
	return c.inData(c.Data.Definitions)
}

// KeysFolder returns the path of the folder for secrets.
func (c Config) KeysFolder() string { return c.inData("keys") }

func (c Config) inData(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.Data.Dir, path)
}

// Default returns the configuration that holds without a file: the embedded engine, data in
// ./ohwatch-data, the city of Xinzheng.
func Default() Config {
	return Config{
		Data: Data{Dir: "ohwatch-data"},
		City: City{
			Code: "410184", NameZh: "新郑市", NameEn: "Xinzheng",
			OrganisationZh: "新郑市卫生健康委员会", OrganisationEn: "Xinzheng Health Commission", County: "新郑市",
		},
		Ingest: Ingest{Folder: "drop", Done: "done", Failed: "failed", StableSeconds: 10},
		Jobs: Jobs{
			Ingest:    Job{Cron: "*/5 * * * *", Enabled: true, CatchUp: "once", Retries: 3},
			Transform: Job{Cron: "20 * * * *", Enabled: true, CatchUp: "once", Retries: 3},
			Warn:      Job{Cron: "0 6 * * 1", Enabled: true, CatchUp: "once", Retries: 5},
			Report:    Job{Cron: "0 7 * * 1", Enabled: true, CatchUp: "once", Retries: 5},
		},
		Serve:   Serve{Listen: "127.0.0.1:8080"},
		Upload:  Upload{MaxSize: 512 << 20, PerMinute: 120},
		Reports: Reports{Out: "reports", Lang: "zh", SmallCells: 5},

		Assessment: Assessment{Scheme: "city"},
		Dose:       Dose{BelowMDL: "half", ThyroidShield: true, FirstBlock: 2001},
		Delivery:   Delivery{StuckDays: 3, LinkDays: 30, Mail: MailServer{Port: 587, TLS: "starttls"}},
		Budget:     defaultBudget(),
	}
}

// defaultFetch is a fetch of which nothing is said yet.
func defaultFetch() Fetch {
	return Fetch{StableSeconds: 60, Job: Job{Cron: "15 * * * *", Enabled: true, CatchUp: "once", Retries: 3}}
}

//go:embed ohwatch.yaml
var example []byte

// Example returns a commented ohwatch.yaml that says the same as Default.
func Example() []byte { return append([]byte(nil), example...) }

// Load reads the configuration: the defaults, then the file at path, then the environment, in which env
// looks up a variable (os.Getenv; an empty variable counts as not set). With an empty path the file is the
// one named by OHWATCH_CONFIG, or ./ohwatch.yaml if there is one.
//
// Errors that a person can mend are of type *Error, several of them joined.
func Load(path string, env func(string) string) (Config, error) {
	cfg := Default()
	named := path
	if named == "" {
		named = env(fileVariable)
	}
	cfg.File = named
	if cfg.File == "" {
		cfg.File = FileName
	}
	text, err := readFile(cfg.File)
	switch {
	case err == nil:
	case named == "" && errors.Is(err, fs.ErrNotExist):
		cfg.File, text = "", nil
	case errors.Is(err, fs.ErrNotExist):
		return Config{}, &Error{Code: "config.not_found", Args: map[string]string{"file": named}, Err: err}
	default:
		return Config{}, &Error{Code: "config.unreadable", Args: map[string]string{"file": cfg.File}, Err: err}
	}
	sources, err := cfg.readYAML(text)
	if err != nil {
		return Config{}, err
	}
	if cfg.File != "" && cfg.Data.Dir != "" && !filepath.IsAbs(cfg.Data.Dir) {
		cfg.Data.Dir = filepath.Join(filepath.Dir(cfg.File), cfg.Data.Dir)
	}
	if err := cfg.readEnvironment(env, sources); err != nil {
		return Config{}, err
	}
	if err := cfg.validate(sources); err != nil {
		return Config{}, err
	}
	return cfg, nil
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, fileMost+1))
	if err == nil && len(text) > fileMost {
		err = fmt.Errorf("larger than %d bytes", fileMost)
	}
	return text, err
}

// Error is a fault of the configuration that a person can mend. Code is the key of its sentence in the
// message catalogue and Args are the values that the sentence names, among them where: the file with line and column,
// or the environment variable.
type Error struct {
	Code string
	Args map[string]string
	Err  error // the cause, may be nil
}

// Error returns the fault in English, for logs.
func (e *Error) Error() string {
	var parts []string
	for _, name := range []string{"where", "file", "key", "value", "want"} {
		if v := e.Args[name]; v != "" {
			if name == "value" {
				v = fmt.Sprintf("%q", v)
			}
			parts = append(parts, v)
		}
	}
	parts = append(parts, strings.ReplaceAll(strings.TrimPrefix(e.Code, "config."), "_", " "))
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	return strings.Join(parts, ": ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Message returns the key of the sentence in the message catalogue and what it names.
func (e *Error) Message() (key string, args map[string]any) {
	args = make(map[string]any, len(e.Args)+1)
	for name, value := range e.Args {
		args[name] = value
	}
	if _, ok := args["error"]; !ok && e.Err != nil {
		args["error"] = e.Err.Error()
	}
	return e.Code, args
}
