package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func load(t *testing.T, text string, env map[string]string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path, func(name string) string { return env[name] })
}

const deliveryText = `
delivery:
  mail: {host: smtp.example.cn, user: u, from: 监测 <a@example.cn>}
  channels:
    duty: {kind: wecom}
    share: {kind: folder, folder: /srv}
  to:
    TS: li@example.cn，duty
    TS-410184106: wang@example.cn; share
  reports: {weekly: duty}
`

func TestDelivery(t *testing.T) {
	cfg, err := load(t, deliveryText, map[string]string{
		"OHWATCH_DELIVERY_CHANNELS_DUTY_URL": "https://example.cn/?key=k", "OHWATCH_DELIVERY_MAIL_PASSWORD": "p", "OHWATCH_DELIVERY_TO_TS": "zhao@example.cn duty",
	})
	if err != nil {
		t.Fatal(err)
	}
	d := cfg.Delivery
	if d.Mail.Port != 587 || d.Mail.Password != "p" || d.Channels["duty"].URL != "https://example.cn/?key=k" || d.Channels["duty"].Kind != "wecom" || !d.Wanted() {
		t.Errorf("read %+v", d)
	}
	for _, c := range []struct{ addressee, area, want string }{
		{"TS", "", "[{mail zhao@example.cn} {duty }]"},
		{"TS", "410184107", "[{mail zhao@example.cn} {duty }]"},
		{"TS", "410184106", "[{mail wang@example.cn} {share }]"},
		{"WJW", "", "[]"},
	} {
		if got := fmt.Sprint(d.For(c.addressee, c.area)); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.addressee, c.area, got, c.want)
		}
	}
	if got := fmt.Sprint(d.ForReport("weekly", "")); got != "[{duty }]" {
		t.Errorf("weekly: %s", got)
	}
	if Default().Delivery.Wanted() {
		t.Error("something is delivered by default")
	}
}

func TestDelivery_Wrong(t *testing.T) {
	for text, key := range map[string]string{
		"delivery: {to: {WJV: a@example.cn}}":                                                        "delivery.to.WJV",
		"delivery: {to: {WJW: a@example.cn}}":                                                        "delivery.to.WJW", // no mail server
		"delivery: {to: {WJW: duty}}":                                                                "delivery.to.WJW",
		"delivery: {reports: {Weekly: ''}}":                                                          "delivery.reports.Weekly",
		"delivery: {channels: {a: {kind: pigeon, url: 'https://x'}}}":                                "delivery.channels.a.kind",
		"delivery: {channels: {a: {kind: wecom}}}":                                                   "delivery.channels.a.url",
		"delivery: {channels: {a: {kind: wecom, url: 'http://example.cn/?key=topsecret'}}}":          "delivery.channels.a.url",
		"delivery: {channels: {a: {kind: webhook, url: 'https://example.cn'}}}":                      "delivery.channels.a.secret_file",
		"delivery: {channels: {a: {kind: folder}}}":                                                  "delivery.channels.a.folder",
		"delivery: {channels: {mail: {kind: folder, folder: x}}}":                                    "delivery.channels.mail",
		"delivery: {channels: {a: {kinds: folder}}}":                                                 "delivery.channels.a.kinds",
		"delivery: {mail: {host: smtp.example.cn}}":                                                  "delivery.mail.from",
		"delivery: {mail: {host: smtp.example.cn, from: a@b.cn, tls: none}}":                         "delivery.mail.tls",
		"delivery: {mail: {host: localhost, from: a@b.cn, tls: none, user: u, password: topsecret}}": "delivery.mail.tls",
		"delivery: {mail: {host: smtp.example.cn, from: a@b.cn, user: u}}":                           "delivery.mail.password_file",
		"delivery: {mail: {host: smtp.example.cn, from: a@b.cn}, to: {WJW: '<script>@x'}}":           "delivery.to.WJW",
		"delivery: {link_base: 'http://ohwatch.example.cn'}":                                         "delivery.link_base",
		"delivery: {stuck_days: 0}":                                                                  "delivery.stuck_days",
		"delivery: {to: {WJW: [a, b]}}":                                                              "delivery.to.WJW",
		"delivery: {channels: {a: x}}":                                                               "delivery.channels.a",
		"delivery: {mail: {port: 0}}":                                                                "delivery.mail.port",
	} {
		_, err := load(t, text, nil)
		var keys []string
		for _, e := range flatten(err) {
			keys = append(keys, e.Args["key"])
			if strings.Contains(fmt.Sprint(e.Args), "topsecret") || e.Args["where"] == "" {
				t.Errorf("%s: %v", text, e.Args)
			}
		}
		if !slices.Contains(keys, key) {
			t.Errorf("%s: %v, want a fault of %s", text, err, key)
		}
	}
}

// flatten returns the faults that are joined in an error.
func flatten(err error) (all []*Error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			all = append(all, flatten(e)...)
		}
		return all
	}
	var e *Error
	if errors.As(err, &e) {
		all = append(all, e)
	}
	return all
}
