package apiproxy

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	random "math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// front stands before the API servers as a load balancer of HTTP requests does:
// each goes to any of them. It does harm to watches, one by one, when it is told to.
type front struct {
	address string
	ca      []byte // whose certificate it shows

	servers atomic.Pointer[[]string] // their addresses
	client  *http.Client
	// harm is what it does, which a test may exchange at any time.
	harm atomic.Pointer[harm]

	mu      sync.Mutex
	streams map[*stream]bool

	refused, torn atomic.Int32 // how often it did
}

// harm is what happens to watches.
type harm struct {
	delay  time.Duration // of each frame, at most, in a third of the watches
	torn   float64       // the share of frames that end in their middle, and the watch with it
	refuse float64       // the share of requests that are answered 429
}

type stream struct{ cut context.CancelFunc }

// newFront listens until the test ends, with a certificate for a name.
func newFront(t testing.TB, roots []byte, host string, servers ...string) *front {
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(roots))
	f := &front{streams: map[*stream]bool{}, client: &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true, DisableCompression: true}}}
	f.harm.Store(&harm{})
	f.servers.Store(&servers)
	certificate, text := selfSigned(t, host)
	f.ca = text
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f.address = listener.Addr().String()
	server := &http.Server{Handler: f, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}},
		ErrorLog: log.New(io.Discard, "", 0)} // broken connections are what this is for
	go server.ServeTLS(listener, "", "") // it ends with an error when it is closed
	t.Cleanup(func() { server.Close() })
	return f
}

// selfSigned is a certificate for an address, which is its own authority.
func selfSigned(t testing.TB, host string) (tls.Certificate, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "front"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.ParseIP(host)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	harm, watch := f.harm.Load(), r.URL.Query().Get("watch") == "true"
	if random.Float64() < harm.refuse {
		f.refused.Add(1)
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too many requests", http.StatusTooManyRequests)
		return
	}
	ctx, cut := context.WithCancel(r.Context())
	defer cut()
	servers := *f.servers.Load()
	out := r.Clone(ctx)
	out.RequestURI, out.URL.Scheme, out.URL.Host = "", "https", servers[random.N(len(servers))]
	answer, err := f.client.Do(out)
	if err != nil {
		panic(http.ErrAbortHandler) // the connection ends, as it does at a server that is gone
	}
	defer answer.Body.Close()
	for key, values := range answer.Header {
		w.Header()[key] = values
	}
	w.WriteHeader(answer.StatusCode)
	if !watch || answer.StatusCode != http.StatusOK {
		if _, err := io.Copy(w, answer.Body); err != nil {
			panic(http.ErrAbortHandler)
		}
		return
	}
	s := &stream{cut}
	f.mu.Lock()
	f.streams[s] = true
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.streams, s)
		f.mu.Unlock()
	}()
	if err := f.pass(http.NewResponseController(w), w, answer.Body, random.N(3) == 0); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// pass copies a watch, frame by frame.
func (f *front) pass(control *http.ResponseController, w io.Writer, from io.Reader, slow bool) error {
	if err := control.Flush(); err != nil {
		return err
	}
	frames := bufio.NewReaderSize(from, 1<<16)
	for {
		frame, err := frames.ReadBytes('\n')
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		harm := f.harm.Load()
		if slow && harm.delay > 0 {
			time.Sleep(random.N(harm.delay))
		}
		torn := random.Float64() < harm.torn
		if torn {
			f.torn.Add(1)
			frame = frame[:random.N(len(frame))]
		}
		if _, err := w.Write(frame); err != nil {
			return err
		}
		if err := control.Flush(); err != nil {
			return err
		}
		if torn {
			return io.ErrUnexpectedEOF
		}
	}
}

// cut ends this share of the watches.
func (f *front) cut(share float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.streams {
		if random.Float64() < share {
			s.cut()
		}
	}
}
