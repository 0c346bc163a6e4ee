package delivery

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"ohwatch/internal/config"
)

// Channels returns the senders that a configuration describes, by name. Nothing is opened or read before it is needed: a secret that
// cannot be read delays the messages of its channel and no others.
func Channels(cfg config.Config) map[string]Sender {
	files := secrets{cfg}
	all := map[string]Sender{}
	if cfg.Delivery.Mail.Host != "" {
		all[Mail] = &mailSender{server: cfg.Delivery.Mail, secrets: files}
	}
	for name, c := range cfg.Delivery.Channels {
		if c.Kind == "folder" {
			all[name] = folder{cfg.InData(c.Folder)}
			continue
		}
		all[name] = &webhook{channel: c, secrets: files}
	}
	return all
}

// secrets reads what the configuration keeps in files of their own.
type secrets struct{ cfg config.Config }

// read returns a secret: the value, or without one the text of the file, or empty when neither is named.
func (s secrets) read(value, file string) (string, error) {
	if value != "" || file == "" {
		return value, nil
	}
	text, err := os.ReadFile(s.cfg.InData(file))
	if err != nil {
		return "", &Unreachable{err}
	}
	return strings.TrimSpace(string(text)), nil
}

// trust returns how the certificate of a server is verified: by the authorities of the system, or by that of a PEM file.
func (s secrets) trust(host, file string) (*tls.Config, error) {
	trust := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if file == "" {
		return trust, nil
	}
	pem, err := os.ReadFile(s.cfg.InData(file))
	if err != nil {
		return nil, &Unreachable{err}
	}
	trust.RootCAs = x509.NewCertPool()
	if !trust.RootCAs.AppendCertsFromPEM(pem) {
		return nil, &Unreachable{fmt.Errorf("%s holds no certificate", filepath.Base(file))}
	}
	return trust, nil
}

// reach opens a connection to a server and verifies its certificate, by way of a proxy where the environment names one.
func reach(ctx context.Context, target *url.URL, trust *tls.Config) error {
	if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: target}); err == nil && proxy != nil {
		target, trust = proxy, nil
	}
	port := target.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[target.Scheme]
	}
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(target.Hostname(), port))
	if err != nil {
		return &Unreachable{err}
	}
	defer connection.Close()
	if target.Scheme != "https" || trust == nil {
		return nil
	}
	if err := tls.Client(connection, trust).HandshakeContext(ctx); err != nil {
		return &Unreachable{err}
	}
	return nil
}
