package web

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ohwatch/internal/message"
)

// writePair writes a certificate for 127.0.0.1 with that serial number, and its key.
func writePair(t *testing.T, dir string, serial int64) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{key: {Type: "PRIVATE KEY", Bytes: secret}, cert: {Type: "CERTIFICATE", Bytes: der}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Now().Add(time.Duration(serial) * time.Minute)
	if err := os.Chtimes(cert, at, at); err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func TestListenAPI_OpenOnlyWithACertificate(t *testing.T) {
	for address, code := range map[string]string{"0.0.0.0:0": "serve.no_certificate", "nonsense": "serve.cannot_listen"} {
		var fault *ListenError
		if _, err := ListenAPI(t.Context(), address, "", ""); !errors.As(err, &fault) || fault.Code != code {
			t.Errorf("%s: %v, want %s", address, err, code)
		}
	}
	plain, err := ListenAPI(t.Context(), "127.0.0.1:0", "", "")
	if err != nil {
		t.Fatal(err)
	}
	plain.Close()
	dir := t.TempDir()
	cert, _ := writePair(t, dir, 1)
	var fault *ListenError
	if _, err := ListenAPI(t.Context(), "127.0.0.1:0", cert, cert); !errors.As(err, &fault) || fault.Code != "serve.bad_certificate" {
		t.Errorf("a certificate for a key: %v", err)
	}
}

func TestServeAPI_NothingButTheAPI(t *testing.T) {
	s := server(t, message.Chinese)
	s.API = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "api") })
	dir := t.TempDir()
	cert, key := writePair(t, dir, 1)
	listener, err := ListenAPI(t.Context(), "127.0.0.1:0", cert, key)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.ServeAPI(ctx, listener) }()
	fetch := func(path string) (status int, serial int64) {
		t.Helper()
		transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
		response, err := (&http.Client{Transport: transport}).Get("https://" + listener.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode, response.TLS.PeerCertificates[0].SerialNumber.Int64()
	}
	if status, serial := fetch("/api/v1/x"); status != 200 || serial != 1 {
		t.Errorf("the API answers %d with certificate %d", status, serial)
	}
	for _, path := range []string{"/", "/jobs", "/bulletins/x.html", "/healthz"} {
		if status, _ := fetch(path); status != 404 {
			t.Errorf("%s answers %d", path, status)
		}
	}
	writePair(t, dir, 2)
	if _, serial := fetch("/api/v1/x"); serial != 2 {
		t.Errorf("after a renewal the certificate is still %d", serial)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// The API is reached under any host name, the pages under a loopback one only.
func TestHandler_HostNames(t *testing.T) {
	s := server(t, message.Chinese)
	s.API = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	foreign := func(r *http.Request) { r.Host = "ohwatch.example.cn" }
	if got := get(t, s, "/api/v1/x", foreign).StatusCode; got != http.StatusTeapot {
		t.Errorf("the API answers %d", got)
	}
	if got := get(t, s, "/jobs", foreign).StatusCode; got != http.StatusMisdirectedRequest {
		t.Errorf("the pages answer %d", got)
	}
}
