package apiproxy

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// wire forwards connections, and is what breaks between two machines: it stops,
// and it cuts wherever the bytes happen to be.
type wire struct {
	address string
	to      string

	mu      sync.Mutex
	flowing *sync.Cond // signals a change of stopped
	stopped bool
	open    map[net.Conn]bool
}

// newWire listens on an address, HOST:0 for any port, until the test ends.
func newWire(t testing.TB, address, to string) *wire {
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	w := &wire{address: listener.Addr().String(), to: to, open: map[net.Conn]bool{}}
	w.flowing = sync.NewCond(&w.mu)
	t.Cleanup(func() {
		listener.Close()
		w.flow()
		w.cut(1)
	})
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // it was closed
			}
			go w.serve(client)
		}
	}()
	return w
}

func (w *wire) serve(client net.Conn) {
	defer client.Close()
	server, err := net.DialTimeout("tcp", w.to, 5*time.Second)
	if err != nil {
		return
	}
	defer server.Close()
	w.mu.Lock()
	w.open[client], w.open[server] = true, true
	w.mu.Unlock()
	done := make(chan bool, 2)
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		go func() {
			io.Copy(way[0], gate{way[1], w}) // whatever ended it, both ends are closed below
			done <- true
		}()
	}
	<-done
	w.mu.Lock()
	delete(w.open, client)
	delete(w.open, server)
	w.mu.Unlock()
}

// gate is a connection from which nothing comes while the wire is stopped.
type gate struct {
	net.Conn
	wire *wire
}

func (g gate) Read(p []byte) (int, error) {
	// Small pieces, so that a cut falls into the middle of something.
	n, err := g.Conn.Read(p[:min(len(p), 700)])
	g.wire.mu.Lock()
	for g.wire.stopped {
		g.wire.flowing.Wait()
	}
	g.wire.mu.Unlock()
	return n, err
}

// stop lets nothing pass, and closes nothing, as a lost route does.
func (w *wire) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
}

// flow ends a stop.
func (w *wire) flow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = false
	w.flowing.Broadcast()
}

// cut closes this share of the connections.
func (w *wire) cut(share float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for conn := range w.open {
		if rand.Float64() < share {
			conn.(*net.TCPConn).SetLinger(0) // a reset, and what is in the buffers is lost
			conn.Close()
		}
	}
}
