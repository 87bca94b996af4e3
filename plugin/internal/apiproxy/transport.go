package apiproxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// newTransport returns the way to an API server whose certificate the
// authorities in a file vouch for. A connection that says nothing is asked
// whether it is there, so that a dead API server is noticed within half a minute.
// An API server takes some hundred streams on a connection: there are as many
// connections as needed.
func newTransport(authority string) (*http.Transport, error) {
	a := &authorities{path: authority}
	if _, err := a.pool(); err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			pool, err := a.pool()
			if err != nil {
				return nil, err
			}
			ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
			defer cancel()
			d := &tls.Dialer{NetDialer: dialer, Config: &tls.Config{
				RootCAs: pool, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
			}}
			return d.DialContext(ctx, network, address)
		},
		ForceAttemptHTTP2: true,
		IdleConnTimeout:   90 * time.Second,
		HTTP2:             &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second, WriteByteTimeout: 15 * time.Second},
	}, nil
}

// authorities are the certificates in a file, which may be replaced while the
// proxy runs.
type authorities struct {
	path string

	mu    sync.Mutex
	since time.Time
	size  int64
	last  *x509.CertPool
}

// pool returns what the file holds now, or what it held before, if it cannot be read.
func (a *authorities) pool() (*x509.CertPool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.read()
	if a.last != nil {
		return a.last, nil
	}
	return nil, err
}

func (a *authorities) read() error {
	info, err := os.Stat(a.path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() { // of which the end might never come
		return fmt.Errorf("%s: is no regular file: must be one, with certificates in PEM", a.path)
	}
	if a.last != nil && info.ModTime().Equal(a.since) && info.Size() == a.size {
		return nil
	}
	text, err := os.ReadFile(a.path)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return fmt.Errorf("%s: has no certificate: must have one in PEM", a.path)
	}
	a.last, a.since, a.size = pool, info.ModTime(), info.Size()
	return nil
}
