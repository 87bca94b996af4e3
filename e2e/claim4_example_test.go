package e2e

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/checkout"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/image"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
)

func TestTheExampleWithSeveralNamespacesRunsFromTheImage(t *testing.T) {
	c := claims(t, "The example with several application namespaces works as its page describes, step by step: the image of a release runs as the rendered sidecar, and istiod serves the three namespaces and no other")
	p := newPage(t, "examples/several-namespaces/README.md")
	made, err := image.Open(binaries["image"])
	require.NoError(t, err)
	c.check("the image holds the program, which needs no other file, and its user is not root", func(t *testing.T) {
		require.Equal(t, []string{"usr/local/bin/istio-tenancy"}, filesIn(t, made.Root))
		program, err := elf.Open(filepath.Join(made.Root, "usr/local/bin/istio-tenancy"))
		require.NoError(t, err)
		defer program.Close()
		for _, part := range program.Progs {
			require.NotEqual(t, elf.PT_INTERP, part.Type, "a program that is not static")
		}
		require.NotZero(t, made.User)
	})
	p.cluster, err = cluster.Start(binaries, cluster.Options{Logs: filepath.Join(logs, t.Name())})
	require.NoError(t, err)
	defer p.cluster.Stop()
	apply(t, p.cluster, `{apiVersion: v1, kind: Namespace, metadata: {name: elsewhere}}`, serviceIn("elsewhere"))

	c.check("the commands of the page, up to the apply", func(t *testing.T) { p.until(t, "kubectl rollout") })
	text, err := os.ReadFile(filepath.Join(p.source.Dir, "rendered/retail/manifests.yaml"))
	require.NoError(t, err)
	objects := parse(t, string(text))
	sidecar := sidecarOf(t, objects)
	c.check("the rendered sidecar has the image that the page has built", func(t *testing.T) {
		require.NotEmpty(t, p.built)
		require.Equal(t, p.built, sidecar["image"])
		require.Contains(t, p.printed["istio-tenancy summary rendered"], p.shown, "what the page says that summary prints")
	})

	p.istiod, err = p.cluster.StartIstiod(objects)
	require.NoError(t, err)
	defer p.istiod.Stop()
	c.check("the commands of the page, to its end", func(t *testing.T) {
		p.until(t, "")
		require.Contains(t, p.printed["kubectl auth can-i list secrets --as "+p.istiod.User()+" -n retail-web"], "yes")
		require.Contains(t, p.printed["kubectl auth can-i list secrets --as "+p.istiod.User()+" --all-namespaces"], "no")
	})
	c.check("the sidecar has its own user, and no capability", func(t *testing.T) {
		status, err := p.istiod.Proxy.Status()
		require.NoError(t, err)
		if cluster.Users() > 65532 {
			require.Equal(t, "65532\t65532\t65532\t65532", status["Uid"])
			require.Equal(t, "65532\t65532\t65532\t65532", status["Gid"])
		}
		for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"} {
			require.Equal(t, "0000000000000000", status[set], set)
		}
		require.Equal(t, "1", status["NoNewPrivs"])
	})
	c.check("it cannot write where its image is, and has no other program", func(t *testing.T) {
		require.ErrorContains(t, p.istiod.Proxy.Run("istio-tenancy", "install", "/usr/local/bin"), "read-only file system")
		require.ErrorContains(t, p.istiod.Proxy.Run("istio-tenancy", "install", "/"), "read-only file system")
		require.ErrorContains(t, p.istiod.Proxy.Run("sh"), `has no program "sh"`)
	})

	namespaces := []string{"retail-web", "retail-orders", "retail-stock"}
	for _, namespace := range append(namespaces, "istio-retail") {
		apply(t, p.cluster, serviceIn(namespace))
	}
	for n, namespace := range namespaces {
		node := xds.Node{Namespace: namespace, Pod: "web-0", IP: fmt.Sprintf("10.111.9.%d", n+1)}
		c.check("a proxy in "+namespace+" is told of the tenant's namespaces, and of no other", func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error {
				snapshot, err := askIstiod(p.istiod, node, "80")
				if err != nil {
					return err
				}
				for _, namespace := range append(namespaces, "istio-retail") {
					if snapshot.Cluster("outbound|80||one."+namespace+".svc.cluster.local") == nil {
						return fmt.Errorf("no cluster of %s among %q", namespace, snapshot.Names(xds.Clusters))
					}
				}
				text, err := snapshot.Text()
				if err == nil && strings.Contains(text, "elsewhere") {
					t.Error("it is told of another namespace")
				}
				return err
			}))
		})
	}
	c.check("istiod knows no other namespace", func(t *testing.T) {
		for _, path := range []string{"/debug/registryz", "/debug/endpointz", "/debug/configz"} {
			text, err := p.istiod.Debug(path)
			require.NoError(t, err)
			require.NotContains(t, string(text), "elsewhere", path)
		}
	})
	c.check("the API server has refused it nothing, and was asked for nothing of another namespace", func(t *testing.T) {
		requests, err := p.cluster.Requests(p.istiod.User())
		require.NoError(t, err)
		require.NotEmpty(t, requests)
		require.Empty(t, forbidden(requests))
		for _, r := range requests {
			if slices.Contains([]string{"services", "secrets", "pods", "configmaps", "endpointslices"}, r.Resource) {
				require.Contains(t, append(namespaces, "istio-retail"), r.Namespace, "%s %s", r.Verb, r.Resource)
			}
		}
	})
}

// page is a page whose commands are run one after the other, where a reader runs
// them: at the top of a checkout.
type page struct {
	source   checkout.Checkout
	commands []string
	// shown is what the page says that a command prints.
	shown   string
	built   string            // the name that was given to the image
	printed map[string]string // by command
	cluster *cluster.Cluster
	istiod  *cluster.Istiod
}

func newPage(t *testing.T, file string) *page {
	t.Helper()
	source, err := newCheckout(t.TempDir())
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(source.Dir, file))
	require.NoError(t, err)
	p := &page{source: source, printed: map[string]string{}}
	for n, block := range strings.Split(string(text), "```") {
		switch kind, body, _ := strings.Cut(block, "\n"); {
		case n%2 == 0: // between the blocks
		case kind == "sh":
			p.commands = append(p.commands, strings.Split(strings.TrimSpace(body), "\n")...)
		default:
			p.shown += body
		}
	}
	return p
}

// until runs the commands that are left, up to one that begins as next does.
func (p *page) until(t *testing.T, next string) {
	t.Helper()
	for len(p.commands) > 0 && (next == "" || !strings.HasPrefix(p.commands[0], next)) {
		command := p.commands[0]
		p.commands = p.commands[1:]
		out, err := p.run(command)
		require.NoError(t, err, "%s\n%s", command, out)
		p.printed[command] = out
	}
}

func (p *page) run(command string) (string, error) {
	words := strings.Fields(command)
	switch words[0] {
	case "make": // package image has made it, and there is no registry of that name
		return "", p.make(words[1:])
	case "cp", "grep", "istio-tenancy", "sed":
		folder, err := filepath.Abs(tools)
		if err != nil {
			return "", err
		}
		cmd := exec.Command("/bin/sh", "-c", command)
		cmd.Dir = p.source.Dir
		cmd.Env = []string{"PATH=" + folder + ":/usr/bin:/bin"}
		out, err := cmd.CombinedOutput()
		return string(out), err
	case "kubectl":
		return p.kubectl(words[1:])
	}
	return "", errors.New("this test does not know the command")
}

func (p *page) make(words []string) error {
	name, found := strings.CutPrefix(strings.Join(words, " "), "image PUSH=")
	if !found {
		return errors.New("this test knows make image PUSH=NAME")
	}
	p.built = name
	return nil
}

func (p *page) kubectl(words []string) (string, error) {
	switch words[0] {
	case "exec": // which asks a kubelet
		for n, word := range words {
			if word == "--" {
				return "", p.istiod.Proxy.Run(words[n+1:]...)
			}
		}
	case "apply":
		words[len(words)-1] = filepath.Join(p.source.Dir, words[len(words)-1])
	}
	out, err := p.cluster.Kubectl(cluster.ClusterAdmin, words...)
	if words[0] == "auth" && strings.TrimSpace(out) == "no" {
		err = nil // it exits 1
	}
	return out, err
}

// filesIn are the files of a folder, by their paths in it.
func filesIn(t *testing.T, folder string) (files []string) {
	t.Helper()
	require.NoError(t, fs.WalkDir(os.DirFS(folder), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, path)
		}
		return err
	}))
	return files
}

// sidecarOf is the native sidecar of istiod's Deployment.
func sidecarOf(t *testing.T, objects []*cluster.Object) map[string]any {
	t.Helper()
	for _, object := range objects {
		containers, _, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "initContainers")
		for _, item := range containers {
			if container := item.(map[string]any); container["restartPolicy"] == "Always" {
				return container
			}
		}
	}
	t.Fatal("no Deployment has a native sidecar")
	return nil
}

func serviceIn(namespace string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: Service, metadata: {name: one, namespace: %s}, spec: {ports: [{name: http, port: 80}]}}", namespace)
}

func apply(t *testing.T, c *cluster.Cluster, texts ...string) {
	t.Helper()
	for _, text := range texts {
		_, err := c.Admin.Apply(parse(t, text))
		require.NoError(t, err)
	}
}
