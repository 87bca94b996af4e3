package node_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/node"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// This is the last test of the node: it takes a tenant away.
func TestOffboardingLeavesNothingOnTheNode(t *testing.T) {
	c := claims(t, "After `kubectl delete namespace -l` of a tenant's Namespaces and `kubectl delete -f` of its rendered objects, nobody has connected to its Pods that ended slowly. No object, packet filter, process, network, mount, file or name of the tenant is left, and nothing else was removed. No request of another mesh failed meanwhile, and the other tenants' istiods serve")
	w := theEnforcedWorld(t)
	fin := w.tenants["fin"]
	others, err := (&traces{words: fin.words()}).others(w)
	require.NoError(t, err)
	require.Contains(t, others, "ValidatingAdmissionPolicy istio-tenancy-pods")
	require.NoError(t, makePod(w.node.Cluster.As(fin.admin), fin.applications[0], "lingers", lingeringSpec))
	hung := lanes.hung.empty()
	turn(c, &lanes.meshes)
	meshes := theMeshes(t, w)
	traces, err := w.tracesOf(fin)
	require.NoError(t, err)
	for _, search := range traces.searches() {
		found, err := search.find(w)
		require.NoError(t, err)
		require.NotEmpty(t, found, "the search for %s finds a tenant that is there", search.what)
	}

	text, err := w.source.Build("overlays/fin", "--enable-alpha-plugins", "--enable-exec")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "fin.yaml")
	require.NoError(t, os.WriteFile(file, text, 0o644))
	stranger, err := w.istiod("sales")
	require.NoError(t, err)
	lingers, err := w.ready(fin.applications[0], "lingers")
	require.NoError(t, err)
	require.NoError(t, cluster.Eventually(30*time.Second, func() error { // its rules are written some seconds after it runs
		if stranger.Reaches(lingers.Address+":8080", time.Second) {
			return errors.New("sales reaches a Pod of fin")
		}
		return nil
	}))
	ended := make(chan linger)
	go func() { ended <- w.watchLingering(fin.applications[0], stranger, lingers.Address+":8080") }()
	begin := time.Now()
	meshes.sales.checkTraffic(c, "fin is removed", func(t *testing.T) {
		out, err := w.node.Cluster.Kubectl(cluster.ClusterAdmin, "delete", "namespace", "-l", "istio-tenancy.dev/tenant=fin")
		require.NoError(t, err, out)
		out, err = w.node.Cluster.Kubectl(cluster.ClusterAdmin, "delete", "--ignore-not-found", "-f", file)
		require.NoError(t, err, out)
	})
	c.Check("a Pod that takes long to end lets nobody in", func(t *testing.T) {
		found := <-ended
		require.NoError(t, found.err)
		require.NotZero(t, found.refused, "it did not listen while it ended")
		require.Zero(t, found.letIn, "sales was let in %d times, and refused %d times", found.letIn, found.refused)
	})
	c.Note("Offboarding a tenant of three namespaces took kubectl %.0f s.", time.Since(begin).Seconds())

	for _, search := range traces.searches() {
		c.Check("fin left "+search.what, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error {
				found, err := search.find(w)
				if err == nil && len(found) > 0 {
					err = fmt.Errorf("found %s", strings.Join(found, "\n"))
				}
				return err
			}))
		})
	}
	<-hung
	c.Check("nothing else went with fin", func(t *testing.T) {
		left, err := traces.others(w)
		require.NoError(t, err)
		require.Subset(t, left, others)
	})
	for _, name := range []string{"dev", "sales"} {
		tenant := w.tenants[name]
		c.Check(name+" has its istiod", func(t *testing.T) {
			require.NoError(t, w.node.Available(tenant.controlPlane, tenant.istiod(), patience))
		})
		c.Check(name+" injects Pods", func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error { return w.injects(tenant) }))
		})
		c.Check(name+" signs certificates", func(t *testing.T) {
			token, err := w.node.Cluster.ServiceAccountToken(tenant.applications[0], "default", tenant.audience())
			require.NoError(t, err)
			_, err = w.sign(tenant, token, tenant.identity(tenant.applications[0]))
			require.NoError(t, err)
		})
	}
	meshes.sales.checkOwnCall(c, "without fin")
}

// lingeringSpec listens for a while after its end has begun.
const lingeringSpec = `
terminationGracePeriodSeconds: 12
containers:
- name: app
  image: ` + appImage + `
  args: ["8080"]
  readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
  lifecycle: {preStop: {sleep: {seconds: 6}}}
`

// linger is what came of connections to a Pod while it ended.
type linger struct {
	letIn   int // of another tenant's Pod
	refused int // of the same, while the node was answered
	err     error
}

// watchLingering connects to the Pod "lingers" until it is gone.
func (w *world) watchLingering(namespace string, stranger node.Place, address string) (found linger) {
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		answer, err := w.node.Cluster.Admin.Do("GET", "/api/v1/namespaces/"+namespace+"/pods/lingers", "")
		if err != nil || answer.Code == 404 {
			found.err = err
			return found
		}
		if !strings.Contains(string(answer.Body), `"deletionTimestamp"`) {
			continue
		}
		if stranger.Reaches(address, time.Second) {
			found.letIn++
		} else if w.node.Itself().Reaches(address, time.Second) {
			found.refused++
		}
	}
	found.err = errors.New("the Pod does not end")
	return found
}

// injects says whether a Pod of a tenant gets its proxy; none is made.
func (w *world) injects(t *tenant) error {
	answer, err := w.node.Cluster.Admin.Do("POST", "/api/v1/namespaces/"+t.applications[0]+"/pods?dryRun=All",
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"tried"},"spec":{"containers":[{"name":"app","image":"`+appImage+`"}]}}`)
	if err := errors.Join(err, answer.Error()); err != nil {
		return err
	}
	istiod := t.xds(t.istiod())
	if body := string(answer.Body); !strings.Contains(body, `"name":"istio-proxy"`) || !strings.Contains(body, istiod) {
		return fmt.Errorf("a Pod of %s has no proxy of %s: %s", t.applications[0], istiod, body)
	}
	return nil
}

// traces are what a tenant is known by.
type traces struct {
	words     *regexp.Regexp // its name and namespaces
	addresses []string       // of its Pods and Services
	pods      []string       // their UIDs
	networks  []string       // their files
	services  []string       // names in DNS
}

// words match the tenant's name and those of its namespaces.
func (t *tenant) words() *regexp.Regexp {
	var words []string
	for _, word := range append(t.namespaces(), t.name) {
		words = append(words, regexp.QuoteMeta(word))
	}
	return regexp.MustCompile(`\b(` + strings.Join(words, "|") + `)\b`)
}

func (w *world) tracesOf(t *tenant) (*traces, error) {
	found := &traces{words: t.words()}
	for _, namespace := range t.namespaces() {
		pods, err := w.node.Cluster.Admin.Items("/api/v1/namespaces/" + namespace + "/pods")
		if err != nil {
			return nil, err
		}
		for _, pod := range pods {
			place, err := w.node.Pod(namespace, pod.GetName())
			if err != nil {
				return nil, err
			}
			found.pods = append(found.pods, string(pod.GetUID()))
			found.addresses = append(found.addresses, place.Address)
			found.networks = append(found.networks, place.File())
		}
		services, err := w.node.Cluster.Admin.Items("/api/v1/namespaces/" + namespace + "/services")
		if err != nil {
			return nil, err
		}
		for _, service := range services {
			address, _, _ := unstructured.NestedString(service.Object, "spec", "clusterIP")
			found.addresses = append(found.addresses, address)
			found.services = append(found.services, service.GetName()+"."+namespace+".svc.cluster.local.")
		}
	}
	return found, nil
}

// search looks for one kind of traces, and returns what it finds.
type search struct {
	what string
	find func(*world) ([]string, error)
}

func (t *traces) searches() []search {
	return []search{
		{"no object of any kind", t.objects},
		{"no address and no name in the packet filter", func(*world) ([]string, error) { return t.filters("iptables-save") }},
		{"no address and no name in the filter's sets", func(*world) ([]string, error) { return t.filters("ipset", "save") }},
		{"no cgroup, and so no process", t.cgroups},
		{"no network namespace", func(*world) ([]string, error) { return existing(t.networks), nil }},
		{"no mount", func(*world) ([]string, error) { return t.lines(os.ReadFile("/proc/self/mountinfo")) }},
		{"no file of its Pods", t.files},
		{"no name in DNS", t.names},
	}
}

// objects are all that name the tenant or one of its namespaces anywhere. Events do: they
// are the record of what happened, and end by themselves after an hour.
func (t *traces) objects(w *world) ([]string, error) { return t.all(w, true, "Event") }

// others are all objects that are not the tenant's, by name. Events and Leases come and
// go by themselves; the tests of other lanes replace Pods.
func (t *traces) others(w *world) ([]string, error) { return t.all(w, false, "Event", "Lease", "Pod") }

// all are the objects that name the tenant, or those that do not, without those of some kinds.
func (t *traces) all(w *world, named bool, but ...string) ([]string, error) {
	all, err := w.node.Cluster.Admin.Everything()
	if err != nil {
		return nil, err
	}
	var found []string
	for _, object := range all {
		text, err := json.Marshal(object.Object)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(but, object.GetKind()) && t.words.Match(text) == named {
			found = append(found, cluster.ID(object))
		}
	}
	return found, nil
}

func (t *traces) filters(command ...string) ([]string, error) {
	out, err := exec.Command(command[0], command[1:]...).Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.Join(command, " "), err)
	}
	return t.lines(out, nil)
}

// lines are those that hold a word, an address or a Pod of the tenant.
func (t *traces) lines(text []byte, err error) ([]string, error) {
	var found []string
	for line := range strings.Lines(string(text)) {
		tokens := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" /,:\"\n", r) })
		if t.words.MatchString(line) ||
			slices.ContainsFunc(t.addresses, func(a string) bool { return slices.Contains(tokens, a) }) ||
			slices.ContainsFunc(t.pods, func(uid string) bool { return strings.Contains(line, uid) }) {
			found = append(found, line)
		}
	}
	return found, err
}

func (t *traces) cgroups(*world) ([]string, error) {
	var found []string
	err := filepath.WalkDir("/sys/fs/cgroup", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // it ends while it is looked at
			return nil
		case err != nil || !entry.IsDir():
			return err
		}
		if slices.ContainsFunc(t.pods, func(uid string) bool { return strings.Contains(entry.Name(), uid) }) {
			found = append(found, path)
			return fs.SkipDir
		}
		return nil
	})
	return found, err
}

func existing(files []string) []string {
	return slices.DeleteFunc(slices.Clone(files), func(file string) bool {
		_, err := os.Stat(file)
		return errors.Is(err, fs.ErrNotExist)
	})
}

// files are the folders of the kubelet for the volumes and for the logs of Pods.
func (t *traces) files(*world) ([]string, error) {
	var found []string
	for _, uid := range t.pods {
		for _, folder := range []string{"kubelet/pods/", "pod-logs/*_"} {
			matches, err := filepath.Glob(filepath.Join(os.TempDir(), "node-*", folder+uid))
			if err != nil {
				return nil, err
			}
			found = append(found, matches...)
		}
	}
	return found, nil
}

func (t *traces) names(*world) ([]string, error) {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, node.DNS+":53")
	}}
	var found []string
	for _, name := range t.services {
		addresses, err := resolver.LookupHost(context.Background(), name)
		var unknown *net.DNSError
		switch {
		case errors.As(err, &unknown) && unknown.IsNotFound:
		case err != nil:
			return nil, err
		default:
			found = append(found, fmt.Sprintf("%s at %v", name, addresses))
		}
	}
	return found, nil
}
