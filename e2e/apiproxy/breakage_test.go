package apiproxy

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// breakage is one thing that breaks, for as long as do takes.
type breakage struct {
	name string
	do   func(*storm)
}

// gentle breakages are of the network alone.
var gentle = []breakage{
	{"clients leave and come back", func(*storm) { time.Sleep(2 * time.Second) }},
	{"frames come late", func(s *storm) {
		s.front.harm.Store(&harm{delay: 300 * time.Millisecond})
		time.Sleep(2 * time.Second)
	}},
	{"watches end before the API server", func(s *storm) { s.repeat(8, func() { s.front.cut(0.3) }) }},
	{"frames are torn", func(s *storm) {
		s.front.harm.Store(&harm{delay: 50 * time.Millisecond, torn: 0.02})
		time.Sleep(2 * time.Second)
	}},
	{"connections to the API server are reset", func(s *storm) { s.repeat(6, func() { s.wire.cut(0.5) }) }},
}

// rough ones are of the programs, too.
var rough = []breakage{
	{"nothing comes for a while", func(s *storm) {
		s.wire.stop()
		time.Sleep(1500 * time.Millisecond)
		s.wire.flow()
	}},
	{"nothing comes, and then the connections are reset", func(s *storm) {
		s.wire.stop()
		time.Sleep(700 * time.Millisecond)
		s.wire.cut(1)
		s.wire.flow()
	}},
	{"requests are answered 429", func(s *storm) {
		s.front.harm.Store(&harm{refuse: 0.05})
		time.Sleep(2 * time.Second)
	}},
	{"the proxy is killed", func(s *storm) {
		s.proxy.kill()
		time.Sleep(200 * time.Millisecond)
		s.proxy.start()
		time.Sleep(500 * time.Millisecond)
	}},
	{"etcd forgets", func(s *storm) {
		require.NoError(s.t, s.Compact())
		for _, w := range s.watchers {
			w.breakOff()
		}
	}},
	{"every request goes to the other API server", func(s *storm) {
		both := s.front.servers.Load()
		for _, one := range *both {
			s.front.servers.Store(&[]string{one})
			s.front.cut(0.5)
			time.Sleep(300 * time.Millisecond)
		}
		s.front.servers.Store(both)
	}},
}

// ofServers are those of the API servers themselves, which take seconds to start.
func ofServers(servers ...*cluster.APIServer) []breakage {
	all := []breakage{{"API Priority and Fairness refuses", (*storm).refuse}}
	for _, server := range servers {
		all = append(all, breakage{"an API server is killed", func(s *storm) {
			server.Kill()
			time.Sleep(time.Second)
			require.NoError(s.t, server.Start())
		}})
	}
	return all
}

// refuse has the API servers answer every request of istiod 429, for a while.
func (s *storm) refuse() {
	objects, err := cluster.Parse([]byte(strings.NewReplacer("ROOT", s.names.namespaces[0]).Replace(noSeatsYAML)))
	require.NoError(s.t, err)
	_, err = s.Admin.Apply(objects)
	require.NoError(s.t, err)
	refused := func() int { return sum(s.watchers).codes[http.StatusTooManyRequests] }
	before := refused()
	require.NoError(s.t, cluster.Eventually(20*time.Second, func() error {
		if refused() == before {
			return errors.New("no client was refused")
		}
		return nil
	}))
	require.NoError(s.t, s.Admin.Delete(objects))
}

// noSeatsYAML leaves istiod no room at all.
const noSeatsYAML = `
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: no-seats-ROOT}
spec:
  matchingPrecedence: 10
  priorityLevelConfiguration: {name: no-seats-ROOT}
  rules:
  - subjects:
    - {kind: ServiceAccount, serviceAccount: {name: istiod, namespace: ROOT}}
    resourceRules:
    - {verbs: ["*"], apiGroups: ["*"], resources: ["*"], namespaces: ["*"], clusterScope: true}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: no-seats-ROOT}
spec:
  type: Limited
  limited: {nominalConcurrencyShares: 0, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse: {type: Reject}}
`
