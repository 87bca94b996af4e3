package apiproxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/apiproxy/identity"
)

// Config says how a proxy is run.
type Config struct {
	Options // without Transport and Before

	// Authority is the file with the CA certificates that verify the API server.
	Authority string
	// TokenFile is the file with the token of clients. The proxy does not read it.
	TokenFile string
	// Dir is where the kubeconfig and the proxy's key are.
	Dir string
	// Listen is the address of the view, Metrics that of the metrics and probes.
	Listen, Metrics string
}

const (
	// grace is how long requests may take that are under way when the proxy is to end.
	grace = 5 * time.Second
	// mostStreams is how many watches a client may have on a connection: one a kind.
	mostStreams = 1000
)

// Run serves until the context ends.
func Run(ctx context.Context, c Config) error {
	transport, err := newTransport(c.Authority)
	if err != nil {
		return fmt.Errorf("--certificate-authority: %w", err)
	}
	defer transport.CloseIdleConnections()
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	if err := os.Mkdir(c.Dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("--dir: found %q, which is not there and could not be made: %w", c.Dir, err)
	}
	id, err := identity.Load(c.Dir, host, time.Now())
	if err != nil {
		return fmt.Errorf("--dir: %w", err)
	}
	if id.Lost != nil {
		c.Log.Warn("a new key had to be made: programs that have read the old kubeconfig must be restarted", "reason", id.Lost.Error())
	}
	view, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	defer view.Close() // is closed already, unless the next fails
	side, err := net.Listen("tcp", c.Metrics)
	if err != nil {
		return fmt.Errorf("--metrics: %w", err)
	}
	defer side.Close() // as above
	_, port, err := net.SplitHostPort(view.Addr().String())
	if err != nil {
		return err
	}
	address := net.JoinHostPort(host, port)
	c.Transport, c.Before = transport, id.Before
	proxy := New(c.Options)
	kubeconfig, err := id.WriteKubeconfig(c.Dir, address, c.TokenFile)
	if err != nil {
		return fmt.Errorf("--dir: %w", err)
	}
	ready := &readiness{kubeconfig: kubeconfig, address: address, authority: id.Authority}
	c.Log.Info("the API proxy listens", "address", address, "metrics", side.Addr().String(), "apiServer", c.Server.String(),
		"namespaces", c.Namespaces, "kubeconfig", kubeconfig, "startsBefore", id.Before)
	return serve(ctx, c.Log, []*http.Server{
		{Handler: proxy, TLSConfig: serverTLS(id.Certificate)},
		{Handler: sideHandler(proxy.metrics, ready)},
	}, []net.Listener{view, side})
}

// serve runs servers, the first one by TLS, until the context ends or one fails.
// Then the watches end, so that clients go on elsewhere, and other requests are finished.
func serve(ctx context.Context, log *slog.Logger, servers []*http.Server, listeners []net.Listener) error {
	requests, end := context.WithCancel(context.Background())
	defer end()
	failed := make(chan error, len(servers))
	for i, s := range servers {
		s.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
		s.ConnContext = keepConnection
		s.ReadHeaderTimeout, s.IdleTimeout = 10*time.Second, 5*time.Minute
		s.BaseContext = func(net.Listener) context.Context { return requests }
		s.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: mostStreams, SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second, WriteByteTimeout: stalled}
		go func() {
			if s.TLSConfig == nil {
				failed <- s.Serve(listeners[i])
				return
			}
			failed <- s.ServeTLS(listeners[i], "", "")
		}()
	}
	var err error
	select {
	case <-ctx.Done():
		log.Info("the API proxy ends")
	case err = <-failed:
	}
	end()
	last, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	for _, s := range servers {
		if s.Shutdown(last) != nil {
			_ = s.Close() // whoever is left has had its time
		}
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func serverTLS(certificate tls.Certificate) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
	}
}

// sideHandler serves what is for the Pod's network rather than for the client.
func sideHandler(m *metrics, ready *readiness) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		m.write(w)
	})
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := ready.check(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return mux
}

// readiness is that a client finds what it needs: the kubeconfig, and a listener
// whose certificate the kubeconfig has. Whether the API server can be reached
// does not count: a client has to bear that it cannot with or without a proxy.
type readiness struct {
	kubeconfig, address string
	authority           []byte
}

func (r *readiness) check(ctx context.Context) error {
	if _, err := os.Stat(r.kubeconfig); err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(r.authority)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := (&tls.Dialer{Config: &tls.Config{RootCAs: pool}}).DialContext(ctx, "tcp", r.address)
	if err != nil {
		return err
	}
	return conn.Close()
}
