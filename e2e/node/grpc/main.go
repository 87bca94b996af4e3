// Command grpc is an application that is in a mesh without a proxy: it takes its
// mutual TLS, its policies and the addresses of others from istiod by itself. It is
// server or client, as istiod's agent serves one stream a Pod, and gRPC opens one for
// the server, and one for each target.
//
//	grpc server
//
//	:7070                               gRPC of the mesh: who called
//	:8080  GET /ready                   200 once istiod has said how to listen
//
//	grpc client
//
//	:8080  GET /ready                   200 once istiod's agent listens
//	:8080  GET /call?target=xds:///...  one call, over a connection of its own
//	:8080  POST /traffic?target=...     calls without end: over one connection that stays, and over new ones
//	:8080  DELETE /traffic              ends them; how many there were, and which failed
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	xdscredentials "google.golang.org/grpc/credentials/xds"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/xds"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return errors.New("usage: grpc server|client")
	}
	if err := awaitAgent(); err != nil {
		return err
	}
	switch os.Args[1] {
	case "server":
		return serve()
	case "client":
		return http.ListenAndServe(":8080", newClient())
	}
	return fmt.Errorf("found %q. Write server or client", os.Args[1])
}

func serve() error {
	var serving atomic.Bool
	server, err := newServer(&serving)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", ":7070")
	if err != nil {
		return err
	}
	ended := make(chan error)
	go func() { ended <- server.Serve(listener) }()
	go func() { ended <- http.ListenAndServe(":8080", ready(&serving)) }()
	return <-ended
}

func ready(serving *atomic.Bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !serving.Load() {
			http.Error(w, "istiod has not said how to listen", http.StatusServiceUnavailable)
		}
	})
}

// awaitAgent waits for what istiod's agent writes into the Pod: where the agent
// listens, and the certificate.
func awaitAgent() error {
	deadline := time.Now().Add(2 * time.Minute)
	for {
		_, err := os.Stat(os.Getenv("GRPC_XDS_BOOTSTRAP"))
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// asked is the method of the service; its answer is the identity of who asks.
const asked = "/e2e.Who/Ask"

func newServer(serving *atomic.Bool) (*xds.GRPCServer, error) {
	transport, err := xdscredentials.NewServerCredentials(xdscredentials.ServerOptions{FallbackCreds: insecure.NewCredentials()})
	if err != nil {
		return nil, err
	}
	server, err := xds.NewGRPCServer(grpc.Creds(transport), xds.ServingModeCallback(func(_ net.Addr, args xds.ServingModeChangeArgs) {
		serving.Store(args.Mode == connectivity.ServingModeServing)
		fmt.Println("serving:", args.Mode, args.Err)
	}))
	if err != nil {
		return nil, err
	}
	server.RegisterService(&grpc.ServiceDesc{ServiceName: "e2e.Who", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{
		MethodName: "Ask",
		// The policies of the mesh were asked before.
		Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			if err := decode(&emptypb.Empty{}); err != nil {
				return nil, err
			}
			caller, _ := peer.FromContext(ctx)
			return wrapperspb.String(identity(caller)), nil
		},
	}}}, struct{}{})
	return server, nil
}

// identity is what a peer's certificate says that it is.
func identity(p *peer.Peer) string {
	if info, ok := p.AuthInfo.(credentials.TLSInfo); ok && info.SPIFFEID != nil {
		return info.SPIFFEID.String()
	}
	return "plaintext"
}

// answer is what the control port says of a call, in JSON.
type answer struct {
	Caller, Server string // identities, as the other side saw them
	Error          string
}

func newClient() http.Handler {
	var t traffic
	control := http.NewServeMux()
	control.HandleFunc("GET /ready", func(http.ResponseWriter, *http.Request) {})
	control.HandleFunc("GET /call", func(w http.ResponseWriter, r *http.Request) {
		result, err := callAnew(r.FormValue("target"), soon)
		if err != nil {
			result.Error = err.Error()
		}
		_ = json.NewEncoder(w).Encode(result)
	})
	control.HandleFunc("POST /traffic", func(w http.ResponseWriter, r *http.Request) {
		if err := t.start(r.FormValue("target")); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	})
	control.HandleFunc("GET /traffic", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(t.soFar())
	})
	control.HandleFunc("DELETE /traffic", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(t.end())
	})
	return control
}

func connect(target string) (*grpc.ClientConn, error) {
	transport, err := xdscredentials.NewClientCredentials(xdscredentials.ClientOptions{FallbackCreds: insecure.NewCredentials()})
	if err != nil {
		return nil, err
	}
	return grpc.NewClient(target, grpc.WithTransportCredentials(transport), grpc.WithNoProxy())
}

func callAnew(target string, limit time.Duration) (answer, error) {
	connection, err := connect(target)
	if err != nil {
		return answer{}, err
	}
	defer connection.Close()
	return call(connection, limit)
}

// How long a call may take: one whose refusal is expected, too, and one of the traffic.
// A machine that is busy with what else is tested may keep a connection waiting.
const (
	soon     = 5 * time.Second
	patience = 30 * time.Second
)

func call(connection *grpc.ClientConn, limit time.Duration) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var caller wrapperspb.StringValue
	var server peer.Peer
	if err := connection.Invoke(ctx, asked, &emptypb.Empty{}, &caller, grpc.Peer(&server)); err != nil {
		return answer{}, err
	}
	return answer{Caller: caller.Value, Server: identity(&server)}, nil
}

// traffic is calls that go on, one at a time. The connection that stays keeps
// what istiod has said, as Envoy does: new ones do without istiod.
type traffic struct {
	mu   sync.Mutex
	stop func()

	counting sync.Mutex
	report   report
}

// report is what became of them.
type report struct {
	Established, New int // calls that were answered
	Failures         []string
}

func (t *traffic) start(target string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stop != nil {
		return errors.New("there is traffic already")
	}
	established, err := connect(target)
	if err != nil {
		return err
	}
	if _, err := call(established, soon); err != nil {
		return errors.Join(err, established.Close())
	}
	t.report = report{}
	end, ended := make(chan struct{}), make(chan struct{})
	t.stop = func() {
		close(end)
		<-ended
	}
	go func() {
		defer close(ended)
		defer established.Close()
		for {
			select {
			case <-end:
				return
			case <-time.After(100 * time.Millisecond):
			}
			_, err := call(established, patience)
			t.count(&t.report.Established, "established", err)
			_, err = callAnew(target, patience)
			t.count(&t.report.New, "new", err)
		}
	}()
	return nil
}

func (t *traffic) count(answered *int, connection string, err error) {
	t.counting.Lock()
	defer t.counting.Unlock()
	if err != nil {
		t.report.Failures = append(t.report.Failures, fmt.Sprintf("%s: %s connection: %v", time.Now().Format(time.StampMilli), connection, err))
		return
	}
	*answered++
}

// soFar is the report of the calls that have ended.
func (t *traffic) soFar() report {
	t.counting.Lock()
	defer t.counting.Unlock()
	return report{t.report.Established, t.report.New, slices.Clone(t.report.Failures)}
}

func (t *traffic) end() report {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stop == nil {
		return report{Failures: []string{"there was no traffic"}}
	}
	t.stop()
	t.stop = nil
	return t.soFar()
}
