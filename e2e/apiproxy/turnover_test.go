package apiproxy

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/tally"
	"github.com/stretchr/testify/require"
)

// scene is some clients of a proxy, while the cluster changes around them.
type scene struct {
	*stage
	c        *tally.Claim
	wire     *wire
	proxy    *proxy
	watchers []*watcher
	mirrors  []mirror
}

// newScene starts a proxy for the namespaces, and clients of each kind. The proxy
// reaches the API server at another address than the one where that listens.
func newScene(t *testing.T, c *tally.Claim, s *stage, namespaces []string, kinds ...kind) *scene {
	scene := &scene{stage: s, c: c, wire: newWire(t, s.KubernetesService()+":0", s.APIServer().Address)}
	scene.proxy = s.newProxy(options{program: race, name: "proxy-" + s.names.prefix,
		apiServer: "https://" + scene.wire.address, ca: s.CA(), namespaces: namespaces})
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	for _, kind := range kinds {
		for _, version := range httpVersions {
			for _, streamed := range []bool{false, true} {
				w := &watcher{name: map[bool]string{true: "streamed list over ", false: "list over "}[streamed] + version,
					at: scene.proxy.endpoint(version), what: selection{kind.resource, selectors()}, watchList: streamed, allowed: s.names.own}
				scene.watchers = append(scene.watchers, w)
				scene.mirrors = append(scene.mirrors, w.mirror())
				go w.run(ctx)
			}
		}
	}
	return scene
}

// same checks every client's copy.
func (s *scene) same(when string) {
	s.c.Helper()
	wrong, err := settle(s.Admin, s.mirrors, s.names.namespaces, 40*time.Second)
	require.NoError(s.c, err)
	for i := range s.mirrors {
		s.c.Verify(wrong[i] == "", "%s: %s", when, wrong[i])
	}
}

// put creates an object of a kind in a namespace.
func (s *stage) put(k kind, namespace, name string) {
	s.t.Helper()
	answer, err := s.Admin.Do(http.MethodPost, k.in(namespace), k.object(name))
	require.NoError(s.t, errors.Join(err, answer.Error()))
}

// remove deletes by a path, and waits until it is gone.
func (s *stage) remove(path string) {
	s.t.Helper()
	answer, err := s.Admin.Do(http.MethodDelete, path, "")
	require.NoError(s.t, errors.Join(err, answer.Error()))
	require.NoError(s.t, cluster.Eventually(time.Minute, func() error { return s.Admin.Gone(path) }))
}

// whileHeld does something while no client asks anything.
func (s *scene) whileHeld(f func()) {
	for _, w := range s.watchers {
		defer w.hold()()
	}
	time.Sleep(100 * time.Millisecond)
	f()
}

func TestNamespacesComeAndGo(t *testing.T) {
	c := results.Claim(t, "A namespace that does not exist yet is empty. It is seen when it is created, and its objects disappear with it, also if it is deleted, or deleted and recreated, while the client is disconnected")
	c.Parallel()
	s := newStage(t, theWorld(t).cluster, newNames("come", 2))
	root, late := s.names.namespaces[0], s.names.namespaces[2]
	s.remove("/api/v1/namespaces/" + late)
	scene := newScene(t, c, s, s.names.namespaces, configMaps, services)
	s.put(configMaps, root, "first")
	scene.same("before the namespace exists")

	come := func(name string) {
		s.come(late)
		s.allow(late)
		s.put(configMaps, late, name)
		s.put(services, late, name)
	}
	come("one")
	scene.same("after it came")
	s.put(configMaps, late, "two")
	scene.same("after a change in it")
	s.remove("/api/v1/namespaces/" + late)
	scene.same("after it went")
	come("three")
	scene.same("after it came again")
	scene.whileHeld(func() { s.remove("/api/v1/namespaces/" + late) })
	scene.same("after it went while the clients were away")
	come("four")
	scene.same("after it came a third time")
	scene.whileHeld(func() {
		s.remove("/api/v1/namespaces/" + late)
		come("five")
	})
	scene.same("after it went and came while the clients were away")
	scene.wire.cut(1)
	s.remove("/api/v1/namespaces/" + late)
	scene.wire.cut(1)
	scene.same("after it went while connections broke")
}

func TestKindsComeLater(t *testing.T) {
	c := results.Claim(t, "A CustomResourceDefinition that is installed after the first request of the client is seen, and so is one that is deleted and installed again")
	c.Parallel()
	s := newStage(t, theWorld(t).cluster, newNames("kinds", 2))
	scene := newScene(t, c, s, s.names.namespaces, gadgets)
	require.NoError(t, cluster.Eventually(10*time.Second, func() error {
		for _, w := range scene.watchers {
			if w.figures().codes[http.StatusNotFound] == 0 {
				return errors.New(w.name + " was not answered 404")
			}
		}
		return nil
	}))
	for _, name := range []string{"first", "second"} {
		s.apply(crdYAML, "KIND", "gadget")
		for _, namespace := range append(s.names.namespaces, s.names.foreign...) {
			s.put(gadgets, namespace, name)
		}
		scene.same("the kind was installed for the " + name + " time")
		s.remove("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gadgets.stress.example.com")
	}
	s.checkAudit(c)
}

func TestRolesComeLater(t *testing.T) {
	c := results.Claim(t, "If a RoleBinding is missing in one namespace, no client gets an incomplete list: each request is refused, and the refusal names the namespace. When the RoleBinding is created, the clients continue")
	c.Parallel()
	s := newStage(t, theWorld(t).cluster, newNames("roles", 2))
	closed := s.names.namespaces[2]
	binding := "/apis/rbac.authorization.k8s.io/v1/namespaces/" + closed + "/rolebindings/istiod"
	s.remove(binding)
	s.put(configMaps, closed, "first")
	scene := newScene(t, c, s, s.names.namespaces, configMaps)
	refused := func(when string) {
		require.NoError(t, cluster.Eventually(20*time.Second, func() error {
			for _, w := range scene.watchers {
				if !strings.Contains(w.failure(), "403") {
					return errors.New(w.name + ": " + w.failure())
				}
			}
			return nil
		}), when)
		for _, w := range scene.watchers {
			c.Verify(strings.Contains(w.failure(), closed), "%s: the refusal does not name %s: %s", when, closed, w.failure())
		}
	}
	refused("at the start")
	for _, w := range scene.watchers {
		c.Verify(len(w.state()) == 0, "%s has a list of %d objects although a namespace is closed", w.name, len(w.state()))
	}
	s.allow(closed)
	scene.same("after the RoleBinding came")
	s.remove(binding)
	s.put(configMaps, closed, "second")
	for _, w := range scene.watchers {
		w.breakOff()
	}
	refused("after the RoleBinding went")
	s.put(configMaps, closed, "third")
	s.allow(closed)
	scene.same("after the RoleBinding came again")
}

func TestTokensRotate(t *testing.T) {
	c := results.Claim(t, "If a token is replaced and then no longer valid, the proxy needs no action: the client sends its new token. A watch that was opened with the old token is not lost either")
	c.Parallel()
	s := newStage(t, theWorld(t).cluster, newNames("token", 2))
	scene := newScene(t, c, s, s.names.namespaces, configMaps, services)
	scene.proxy.rotate(s.bound("generation-1"))
	for _, w := range scene.watchers {
		w.breakOff()
	}
	scene.same("with the first token")
	scene.proxy.rotate(s.bound("generation-2"))
	// A token ends with the Secret that it is bound to, once the API servers' caches have forgotten it.
	s.remove(kind{resource: secrets.resource}.in(s.names.namespaces[0]) + "/generation-1")
	s.invalid(t, "generation-1")
	for _, namespace := range s.names.namespaces {
		s.put(configMaps, namespace, "one")
	}
	scene.same("after the first token ended")
	scene.wire.cut(1) // what the proxy opens again it asks for with the token that the client once sent
	for _, namespace := range s.names.namespaces {
		s.put(services, namespace, "two")
	}
	scene.same("after the connections broke")
}

// bound is a token of istiod that is valid while a Secret exists, which it makes.
func (s *stage) bound(secret string) string {
	root := s.names.namespaces[0]
	s.put(secrets, root, secret)
	o, err := s.Admin.Get(secrets.in(root) + "/" + secret)
	require.NoError(s.t, err)
	answer, err := s.Admin.Do(http.MethodPost, "/api/v1/namespaces/"+root+"/serviceaccounts/"+account+"/token",
		`{"spec": {"expirationSeconds": 600, "boundObjectRef": {"apiVersion": "v1", "kind": "Secret", "name": "`+secret+`", "uid": "`+string(o.GetUID())+`"}}}`)
	require.NoError(s.t, err)
	token, err := cluster.TokenIn(answer)
	require.NoError(s.t, err)
	s.tokens[secret] = token
	return token
}

// invalid waits until a token is refused.
func (s *stage) invalid(t *testing.T, secret string) {
	client := s.WithToken(s.tokens[secret])
	require.NoError(t, cluster.Eventually(time.Minute, func() error {
		answer, err := client.Do(http.MethodGet, "/api", "")
		if err == nil && answer.Code != http.StatusUnauthorized {
			err = errors.New("the token is still valid")
		}
		return err
	}))
}
