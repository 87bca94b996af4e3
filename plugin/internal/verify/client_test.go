package verify

import (
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

var person = v1alpha1.Subject{Kind: "User", Name: "jo"}

// connected is a client of a server at an address.
func connected(t *testing.T, address string) *client {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(file, []byte(`{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a}}], clusters: [{name: a, cluster: {server: "http://`+address+`"}}]}`), 0o600))
	c, err := connect(file, "")
	require.NoError(t, err)
	return c
}

func TestAServerThatDoesNotAnswerIsNamed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // which takes connections, and says nothing
	require.NoError(t, err)
	defer listener.Close()
	address := listener.Addr().String()
	_, err = connected(t, address).version(t.Context(), time.Millisecond)
	require.EqualError(t, err, "context a: http://"+address+" has not answered within 1ms: must be an API server that does, or --timeout be longer")
	_, err = connected(t, "bob:hunter2@"+address).version(t.Context(), time.Millisecond)
	require.ErrorContains(t, err, "http://bob:xxxxx@"+address+" has not answered")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestWhatOneBindingGivesToManyIsOneFinding(t *testing.T) {
	var e excesses
	var all sync.WaitGroup
	for i := range most + 1 {
		all.Go(func() {
			e.add(review{tenant: "sales", who: "User jo", request: questions[i].request(subjectOf(person), "ns-0")}, "by a binding")
		})
	}
	all.Wait()
	e.add(review{tenant: "sales", who: "User jo", request: questions[0].request(subjectOf(person), "ns-9")}, "by another")
	e.add(review{tenant: "dev", who: "User eve", request: questions[0].request(subjectOf(person), "ns-1")}, "by a binding")
	r := &Report{tenants: map[string]*Tenant{}}
	e.report(r)
	r.sort()
	var lines []string
	for _, f := range r.Findings {
		lines = append(lines, f.Tenant+": "+f.Message)
	}
	require.Equal(t, []string{
		"dev: User eve may list pods in ns-1: must not (by a binding)",
		"sales: User jo may create authorizationpolicies.security.istio.io in ns-0, and 10 more: must not (by a binding)",
		"sales: User jo may list pods in ns-9: must not (by another)",
	}, lines)
}
