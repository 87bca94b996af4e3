package node_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/node"
	"github.com/istio-tenancy/istio-tenancy/e2e/tally"
	"github.com/stretchr/testify/require"
)

// member is a Pod of a mesh that runs the program in ./grpc, and its Service.
type member struct {
	namespace, name string
	place           node.Place
}

// target is what members of the same mesh call it.
func (m member) target() string {
	return fmt.Sprintf("xds:///%s.%s.svc.cluster.local:7070", m.name, m.namespace)
}

// address is where the member's gRPC listens.
func (m member) address() string { return m.place.Address + ":7070" }

// control asks at the member's control port, and reads the JSON of the answer.
func (m member) control(method, path, target string, into any) error {
	request, err := http.NewRequest(method, "http://"+m.place.Address+":8080"+path+"?target="+url.QueryEscape(target), nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Timeout: time.Minute}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s of Pod %s/%s: %s", method, path, m.namespace, m.name, response.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(into)
}

// call has the member call another one, over a new connection.
func (m member) call(to member) (caller, server string, err error) {
	var answer struct{ Caller, Server, Error string }
	if err := m.control(http.MethodGet, "/call", to.target(), &answer); err != nil {
		return "", "", err
	}
	if answer.Error != "" {
		return "", "", errors.New(answer.Error)
	}
	return answer.Caller, answer.Server, nil
}

// mesh is what a tenant's mesh has for the tests.
type mesh struct {
	tenant *tenant
	caller member // in the tenant's last application namespace
	who    member // in its first
	// unlabelled is like who, without the label by which istiod knows that a Pod can
	// do mutual TLS.
	unlabelled member
	// other is the tenant of another mesh, and stranger a Pod of its first application
	// namespace that is in no mesh.
	other    *tenant
	stranger node.Place
}

// foreign is a namespace of another tenant.
func (m *mesh) foreign() string { return m.other.applications[0] }

// meshes are those of the tenants.
type meshes struct{ dev, sales, fin *mesh }

// each calls f for every mesh, side by side.
func (m *meshes) each(c *tally.Claim, f func(t *testing.T, m *mesh)) {
	all := []*mesh{m.dev, m.sales, m.fin}
	sideBySide(len(all), len(all), func(i int) {
		c.Run(all[i].tenant.name, func(t *testing.T) { f(t, all[i]) })
	})
}

var theirMeshes struct {
	once sync.Once
	err  error
	meshes
}

// theMeshes start with the first test that asks for them.
func theMeshes(t *testing.T, w *world) *meshes {
	t.Helper()
	m := &theirMeshes
	strangers := thePopulation(t, w)
	m.once.Do(func() { m.err = m.start(w, strangers) })
	require.NoError(t, m.err)
	return &m.meshes
}

// start makes the members. While sales attacks dev, sales is not let in there: that is why
// the mesh of dev has another tenant beside it.
func (m *meshes) start(w *world, strangers *population) error {
	dev, sales, fin := w.tenants["dev"], w.tenants["sales"], w.tenants["fin"]
	m.dev, m.sales, m.fin = newMesh(dev, fin), newMesh(sales, dev), newMesh(fin, dev)
	all := []*mesh{m.dev, m.sales, m.fin}
	var objects []*cluster.Object
	var members []*member
	for _, mesh := range all {
		for _, member := range []*member{&mesh.who, &mesh.unlabelled, &mesh.caller} {
			made, err := member.objects(member != &mesh.unlabelled)
			if err != nil {
				return err
			}
			objects, members = append(objects, made...), append(members, member)
		}
	}
	if _, err := w.node.Cluster.Admin.Apply(objects); err != nil {
		return err
	}
	var err error
	for _, member := range members {
		if member.place, err = w.ready(member.namespace, member.name); err != nil {
			return err
		}
	}
	for _, mesh := range all {
		pod, err := strangers.find(mesh.foreign(), "app=app")
		if err != nil {
			return err
		}
		if mesh.stranger, err = w.node.Pod(pod.Namespace, pod.Name); err != nil {
			return err
		}
	}
	return nil
}

func newMesh(t, other *tenant) *mesh {
	first, last := t.applications[0], t.applications[len(t.applications)-1]
	return &mesh{
		tenant:     t,
		other:      other,
		caller:     member{namespace: last, name: "caller"},
		who:        member{namespace: first, name: "who"},
		unlabelled: member{namespace: first, name: "unlabelled"},
	}
}

func (m member) objects(labelled bool) ([]*cluster.Object, error) {
	mode := "server"
	if strings.HasPrefix(m.name, "caller") {
		mode = "client"
	}
	label := ""
	if labelled {
		label = ", security.istio.io/tlsMode: istio"
	}
	return cluster.Parse([]byte(strings.NewReplacer("$NAMESPACE", m.namespace, "$NAME", m.name, "$IMAGE", grpcImage, "$MODE", mode, "$LABEL", label).Replace(memberObjects)))
}

// ready waits for a Pod, and returns its network.
func (w *world) ready(namespace, name string) (node.Place, error) {
	err := cluster.Eventually(patience, func() error {
		pod, err := w.node.Cluster.Admin.Get("/api/v1/namespaces/" + namespace + "/pods/" + name)
		if err != nil {
			return err
		}
		return cluster.MustBe(pod, "Ready")
	})
	if err != nil {
		return node.Place{}, err
	}
	return w.node.Pod(namespace, name)
}

// memberObjects are what makes a member. A client of gRPC does mutual TLS where a
// DestinationRule says so. The hook of Istio's template waits for istiod, and a Pod
// has no address in the API before its hooks have ended: an engine that knows Pods by
// that address would not let it reach istiod. So there is another hook here.
const memberObjects = `
apiVersion: v1
kind: Service
metadata: {name: $NAME, namespace: $NAMESPACE}
spec:
  selector: {app: $NAME}
  ports: [{name: grpc, port: 7070}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: $NAME, namespace: $NAMESPACE}
spec:
  host: $NAME.$NAMESPACE.svc.cluster.local
  trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}
---
apiVersion: v1
kind: Pod
metadata:
  name: $NAME
  namespace: $NAMESPACE
  labels: {app: $NAME$LABEL}
  annotations:
    inject.istio.io/templates: grpc-agent
    sidecar.istio.io/proxyCPU: 1m
    sidecar.istio.io/proxyMemory: 16Mi
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: app
    image: $IMAGE
    args: [$MODE]
    ports: [{containerPort: 7070}]
    readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1}
  - name: istio-proxy
    image: auto
    imagePullPolicy: IfNotPresent # what auto stands for is pulled always, otherwise
    lifecycle: {postStart: {exec: {command: [pilot-agent, --help]}}}
`
