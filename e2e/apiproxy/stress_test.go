package apiproxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/tally"
	"github.com/stretchr/testify/require"
)

// world is the cluster that all claims share: two API servers on one etcd. The first
// test that asks for it starts it.
type world struct {
	once    sync.Once
	cluster *cluster.Cluster
	second  *cluster.APIServer
	err     error
}

var shared world

// flags of both API servers: requests are queued and refused as on a real
// cluster, watches of Secrets come from etcd itself, and so do their 410s.
var flags = []string{"--enable-priority-and-fairness=true", "--watch-cache-sizes=secrets#0"}

func theWorld(t *testing.T) *world {
	t.Helper()
	shared.once.Do(func() {
		if shared.cluster, shared.err = cluster.Start(binaries, cluster.Options{Logs: logs + "/cluster", Flags: flags}); shared.err == nil {
			shared.second, shared.err = shared.cluster.AddAPIServer(flags...)
		}
	})
	require.NoError(t, shared.err)
	return &shared
}

func (w *world) stop() {
	if w.cluster != nil {
		w.cluster.Stop()
	}
}

// newStorm is a mesh with writers in it and beside it.
func newStorm(t *testing.T, prefix string, applications int) *storm {
	w := theWorld(t)
	s := &storm{stage: newStage(t, w.cluster, newNames(prefix, applications))}
	s.apply(crdYAML, "KIND", "widget")
	s.wire, s.front, _ = s.behind(s.APIServer().Address, w.second.Address)
	s.writers = &writers{admin: s.Admin, kinds: []kind{configMaps, services, secrets, widgets}, pause: 500 * time.Millisecond,
		namespaces: append(append([]string{}, s.names.namespaces...), s.names.foreign...)}
	return s
}

// enough is how many watches have to have been resumed.
const enough = 1000

func TestNothingIsLost(t *testing.T) {
	c := results.Claim(t, "After every failure, each client's copy becomes what the API server has: failures of watches, connections, proxy and API servers, over at least 1,000 resumes. No copy ever contains an object of another namespace")
	s := newStorm(t, "mesh", 4)
	s.proxy = s.newProxy(options{program: race, name: "proxy", apiServer: "https://" + s.KubernetesService(), ca: s.front.ca, namespaces: s.names.namespaces})
	s.near = newWire(t, "127.0.0.1:0", s.proxy.listen)
	s.crowd(s.proxy.endpoint)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	mirrors := s.start(ctx)
	var informers []mirror
	for i, kind := range []kind{configMaps, services, widgets} {
		informers = append(informers, newInformer(ctx, t, s.proxy.kubeconfig(), "https://"+s.near.address,
			selection{kind.resource, selectors()}, httpVersions[i%2]))
	}
	through := func(rounds []breakage) {
		for _, round := range rounds {
			wrong := s.logged(round, mirrors, time.Minute)
			for i := range mirrors {
				c.Verify(wrong[i] == "", "%s: %s", round.name, wrong[i])
			}
		}
	}
	through(slices.Concat(gentle, rough, gentle, rough, gentle))
	for extra := 0; sum(s.watchers).resumes < enough && extra < 40; extra++ { // a slow machine needs longer
		require.Empty(t, s.logged(gentle[0], mirrors, time.Minute))
	}
	// An API server that has just started refuses everybody until it has read the Roles.
	s.checkAudit(c)
	through(ofServers(theWorld(t).second, s.APIServer()))
	// client-go waits longer and longer after refusals, up to half a minute.
	wrong, err := settle(s.Admin, informers, s.names.namespaces, 90*time.Second)
	require.NoError(t, err)
	for i := range informers {
		c.Verify(wrong[i] == "", "%s", wrong[i])
	}
	for _, w := range s.watchers {
		c.Verify(len(w.strangers()) == 0, "%s of %s saw what is not the mesh's: %v", w.name, w.what, w.strangers())
	}
	total := sum(s.watchers)
	c.Verify(total.resumes >= enough, "only %d watches were resumed", total.resumes)
	c.Note("Breakages behind and before the proxy: %d writes, %s; %d frames torn, answers that were no success: %v.",
		s.writers.written.Load(), total, s.front.torn.Load(), total.codes)
}

// logged is round, and says what it did.
func (s *storm) logged(round breakage, mirrors []mirror, limit time.Duration) map[int]string {
	before, start := sum(s.watchers), time.Now()
	wrong := s.round(round, mirrors, limit)
	after := sum(s.watchers)
	s.t.Logf("%-50s %4.1f s, right %4.1f s later, %4d resumes, %3d relists, %d of %d wrong", round.name, s.broken.Sub(start).Seconds(), time.Since(s.broken).Seconds(),
		after.resumes-before.resumes, after.relisted()-before.relisted(), len(wrong), len(mirrors))
	return wrong
}

// checkAudit reads what istiod's account asked of the API servers.
func (s *stage) checkAudit(c *tally.Claim) {
	requests, err := s.Requests(s.names.user())
	require.NoError(c, err)
	resources, err := s.Admin.Resources()
	require.NoError(c, err)
	namespaced := map[string]bool{}
	for _, r := range resources {
		if r.Namespaced {
			group, _, found := strings.Cut(r.APIVersion, "/")
			if !found {
				group = ""
			}
			namespaced[group+"/"+r.Name] = true
		}
	}
	wide, refused, foreign := 0, 0, 0
	for _, r := range requests {
		switch {
		case r.Code == http.StatusForbidden:
			refused++
		case r.Namespace == "" && namespaced[r.Group+"/"+r.Resource]:
			wide++
		case r.Namespace != "" && !s.names.own(r.Namespace):
			foreign++
		}
	}
	c.Verify(len(requests) > 0, "the audit log knows no request of %s", s.names.user())
	c.Verify(wide == 0, "%d of %d requests are for a namespaced kind in the whole cluster", wide, len(requests))
	c.Verify(foreign == 0, "%d of %d requests are for other namespaces", foreign, len(requests))
	c.Verify(refused == 0, "%d of %d requests were answered 403", refused, len(requests))
	c.Note("The API servers' audit logs have %d requests of the proxy's clients.", len(requests))
}

// The control: the same clients, the same writers, the gentle breakages only, and a merger
// that resumes as one would at first.
func TestNaiveResumesLose(t *testing.T) {
	c := results.Claim(t, "For comparison: a merger that resumes every namespace at the client's resourceVersion loses events in the same test")
	s := newStorm(t, "naive", 4)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.front.ca)
	server := newNaive(t, naive{namespaces: s.names.namespaces, upstream: "https://" + s.wire.address,
		client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}})
	token := s.token()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for i, kind := range []kind{configMaps, services, widgets} {
		for _, version := range httpVersions {
			s.watchers = append(s.watchers, &watcher{name: "list over " + version, what: selection{kind.resource, selectors()}, allowed: s.names.own,
				at: newEndpoint(server.URL, ca, version, func() (string, error) { return token, nil }), timeout: time.Duration(i) * 4 * time.Second})
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	mirrors := s.start(ctx)
	checked, wrong := 0, 0
	for _, round := range slices.Concat(gentle[:4], gentle[1:2]) {
		found := s.logged(round, mirrors, 5*time.Second)
		checked, wrong = checked+len(mirrors), wrong+len(found)
		for i := range found {
			s.watchers[i].relist("of a wrong copy", true)
			s.watchers[i].breakOff()
		}
	}
	c.Verify(wrong > 0, "%d copies were checked, and all were right: the test finds nothing", checked)
	c.Note("Naive resumes: %d of %d copies wrong, over %d resumes.", wrong, checked, sum(s.watchers).resumes)
}
