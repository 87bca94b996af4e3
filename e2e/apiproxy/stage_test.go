package apiproxy

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// endpoint is where a client reads, and as whom.
type endpoint struct {
	url   string
	http  *http.Client
	token func() (string, error)
}

// httpVersions are what a client can speak.
var httpVersions = []string{"HTTP/1.1", "HTTP/2"}

func newEndpoint(url string, roots []byte, version string, token func() (string, error)) endpoint {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(roots)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableCompression: true}
	if version == "HTTP/2" {
		transport.ForceAttemptHTTP2 = true
		// A connection that is dead without having been closed is found as client-go finds it, only sooner.
		transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 2 * time.Second, PingTimeout: 2 * time.Second}
	} else {
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	return endpoint{url: url, http: &http.Client{Transport: transport}, token: token}
}

// stage is a cluster with a mesh, whose istiod may read in its namespaces, and
// with somebody else's namespaces beside it.
type stage struct {
	*cluster.Cluster
	t      testing.TB
	names  stageNames
	tokens map[string]string // by the Secret that they are bound to
}

// stageNames are the names of one mesh on a cluster.
type stageNames struct {
	prefix     string
	namespaces []string // the mesh's; the first is its control plane's
	foreign    []string
}

const account = "istiod" // in the first namespace

func newNames(prefix string, applications int) stageNames {
	n := stageNames{prefix: prefix, namespaces: []string{prefix + "-root"}, foreign: []string{"not-" + prefix + "-1", "not-" + prefix + "-2"}}
	for i := range applications {
		n.namespaces = append(n.namespaces, fmt.Sprintf("%s-%d", prefix, i+1))
	}
	return n
}

func (n stageNames) user() string {
	return "system:serviceaccount:" + n.namespaces[0] + ":" + account
}

func (n stageNames) own(namespace string) bool { return slices.Contains(n.namespaces, namespace) }

const namespaceYAML = `
apiVersion: v1
kind: Namespace
metadata: {name: NAMESPACE}
`

// roleYAML is what istiod may do in a namespace.
const roleYAML = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: istiod, namespace: NAMESPACE}
rules:
- {apiGroups: ["*"], resources: ["*"], verbs: [get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: istiod, namespace: NAMESPACE}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: istiod}
subjects:
- {kind: ServiceAccount, name: istiod, namespace: ROOT}
`

// wideYAML is what istiod may do in the cluster, which is about no namespaced kind.
const wideYAML = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: istiod-ROOT}
rules:
- {apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], verbs: [get, list, watch]}
- {apiGroups: [""], resources: [namespaces], resourceNames: NAMES, verbs: [get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: istiod-ROOT}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: istiod-ROOT}
subjects:
- {kind: ServiceAccount, name: istiod, namespace: ROOT}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: istiod, namespace: ROOT}
`

// widgets is a custom kind; crdYAML installs it.
const crdYAML = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: KINDs.stress.example.com}
spec:
  group: stress.example.com
  scope: Namespaced
  names: {plural: KINDs, singular: KIND, kind: KIND, listKind: KINDList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`

// startCluster starts one with these flags of its API server.
func startCluster(t testing.TB, name string, flags ...string) *cluster.Cluster {
	c, err := cluster.Start(binaries, cluster.Options{Logs: filepath.Join(logs, name), Flags: flags})
	require.NoError(t, err)
	t.Cleanup(c.Stop)
	return c
}

// newStage makes a mesh's namespaces and rights.
func newStage(t testing.TB, c *cluster.Cluster, names stageNames) *stage {
	s := &stage{Cluster: c, t: t, names: names, tokens: map[string]string{}}
	for _, namespace := range append(slices.Clone(names.namespaces), names.foreign...) {
		s.come(namespace)
	}
	for _, namespace := range names.namespaces {
		s.allow(namespace)
	}
	s.apply(wideYAML, "ROOT", names.namespaces[0], "NAMES", "["+strings.Join(names.namespaces, ", ")+"]")
	return s
}

// come makes a Namespace, and returns when it has the root certificate that Kubernetes puts
// there: settle compares while nobody writes.
func (s *stage) come(namespace string) {
	s.t.Helper()
	s.apply(namespaceYAML, "NAMESPACE", namespace)
	require.NoError(s.t, cluster.Eventually(time.Minute, func() error {
		_, err := s.Admin.Get("/api/v1/namespaces/" + namespace + "/configmaps/kube-root-ca.crt")
		return err
	}))
}

// allow gives istiod its rights in a namespace.
func (s *stage) allow(namespace string) {
	s.apply(roleYAML, "NAMESPACE", namespace, "ROOT", s.names.namespaces[0])
}

// apply applies YAML in which words are replaced by others.
func (s *stage) apply(yaml string, replace ...string) {
	s.t.Helper()
	objects, err := cluster.Parse([]byte(strings.NewReplacer(replace...).Replace(yaml)))
	require.NoError(s.t, err)
	_, err = s.Admin.Apply(objects)
	require.NoError(s.t, err)
}

// token is a token of istiod.
func (s *stage) token() string {
	token, err := s.ServiceAccountToken(s.names.namespaces[0], account)
	require.NoError(s.t, err)
	return token
}

// direct is the API server itself, as the cluster administrator sees it.
func (s *stage) direct() endpoint {
	return newEndpoint("https://"+s.APIServer().Address, s.CA(), "HTTP/2", func() (string, error) { return cluster.AdminToken(), nil })
}

// behind puts a wire, and a front if it is wanted, before the API servers, at the address
// that Pods use. It returns them and what the front's certificate is checked by.
func (s *stage) behind(servers ...string) (*wire, *front, []byte) {
	f := newFront(s.t, s.CA(), s.KubernetesService(), servers...)
	return newWire(s.t, net.JoinHostPort(s.KubernetesService(), "443"), f.address), f, f.ca
}

// file writes a file that the proxy reads.
func (s *stage) file(name string, data []byte) string {
	path := filepath.Join(s.t.TempDir(), name)
	require.NoError(s.t, os.WriteFile(path, data, 0o600))
	return path
}
