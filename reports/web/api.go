package web

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// ListenAPI opens the address of its own for the API. Another address than loopback needs a certificate and its key,
// PEM files; when they are renewed, new connections get the new ones. Errors are of type *ListenError.
func ListenAPI(ctx context.Context, address, cert, key string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, &ListenError{Code: "serve.cannot_listen", Address: address, Err: err}
	}
	isFile := func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.Mode().IsRegular()
	}
	secured := isFile(cert) && isFile(key)
	if !secured && !isLoopback(host) {
		return nil, &ListenError{Code: "serve.no_certificate", Address: address, Err: errors.New("no certificate and key")}
	}
	var pair *certificate
	if secured {
		pair = &certificate{cert: cert, key: key}
		if _, err := pair.get(nil); err != nil {
			return nil, &ListenError{Code: "serve.bad_certificate", Address: address, Err: err}
		}
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, &ListenError{Code: "serve.port_in_use", Address: address, Err: err}
	case err != nil:
		return nil, &ListenError{Code: "serve.cannot_listen", Address: address, Err: err}
	case pair != nil:
		return tls.NewListener(listener, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: pair.get, NextProtos: []string{"http/1.1"}}), nil
	}
	return listener, nil
}

// certificate is a pair of files that may be renewed.
type certificate struct {
	cert, key string

	mu     sync.Mutex
	loaded *tls.Certificate
	at     time.Time // modification time of the certificate that is loaded
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	info, err := os.Stat(c.cert)
	if c.loaded != nil && (err != nil || info.ModTime().Equal(c.at)) {
		return c.loaded, nil
	}
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		if c.loaded != nil {
			return c.loaded, nil // half renewed: the old pair goes on
		}
		return nil, err
	}
	c.loaded, c.at = &pair, info.ModTime()
	return c.loaded, nil
}

// ServeAPI answers requests to the API and to signed links, and to nothing else, until ctx is cancelled.
func (s *Server) ServeAPI(ctx context.Context, listener net.Listener) error {
	open, err := s.openHandler()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return s.serve(ctx, open, listener)
}
