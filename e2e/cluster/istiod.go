package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Istiod is a running istiod.
type Istiod struct {
	Namespace      string
	Revision       string
	ServiceAccount string
	// Pod is the name of the pod that the Deployment's controller made; the
	// process takes its place.
	Pod string
	// Token is a real token of the ServiceAccount.
	Token string
	// HTTP, GRPC, Secure and Metrics are the addresses of the debug port, the
	// plaintext xDS port, the xDS and CA port with TLS, and the metrics.
	HTTP, GRPC, Secure, Metrics string
	// Log is the path of its log.
	Log string

	process *process
}

// User is what the API server calls the ServiceAccount.
func (i *Istiod) User() string {
	return "system:serviceaccount:" + i.Namespace + ":" + i.ServiceAccount
}

// Stop ends the process.
func (i *Istiod) Stop() { i.process.stop() }

// StartIstiod runs the istiod that the rendered objects, already applied,
// describe, and returns when it is ready. Its arguments and its environment are
// those of the rendered Deployment; only the addresses it listens on and the
// kubeconfig, with a real token of its ServiceAccount, are the harness'. It
// listens where its Service says, so that the API server calls its webhooks.
func (c *Cluster) StartIstiod(objects []*Object) (*Istiod, error) {
	deployment, container, err := discovery(objects)
	if err != nil {
		return nil, err
	}
	i := &Istiod{Namespace: deployment.GetNamespace()}
	i.ServiceAccount, _, _ = unstructured.NestedString(deployment.Object, "spec", "template", "spec", "serviceAccountName")
	if i.Pod, err = c.PodOf(i.Namespace, deployment.GetName()); err != nil {
		return nil, err
	}
	if i.Token, err = c.ServiceAccountToken(i.Namespace, i.ServiceAccount); err != nil {
		return nil, err
	}
	kubeconfig, err := c.Kubeconfig(i.Namespace+"-"+i.ServiceAccount, i.Token)
	if err != nil {
		return nil, err
	}
	env := environment(container, map[string]string{
		"metadata.name": i.Pod, "metadata.namespace": i.Namespace, "spec.serviceAccountName": i.ServiceAccount,
	})
	for n, entry := range env {
		if value, ok := strings.CutPrefix(entry, "REVISION="); ok {
			i.Revision = value
		}
		if strings.HasPrefix(entry, "KUBECONFIG=") {
			env[n] = "KUBECONFIG=" + kubeconfig
		}
	}
	service, err := c.Admin.Get("/api/v1/namespaces/" + i.Namespace + "/services/" + deployment.GetName())
	if err != nil {
		return nil, err
	}
	address, _, _ := unstructured.NestedString(service.Object, "spec", "clusterIP")
	debug, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	i.HTTP = "127.0.0.1:" + debug[0] // istiod answers loopback alone there
	i.GRPC, i.Secure, i.Metrics = address+":15010", address+":15012", address+":15014"
	args, _, _ := unstructured.NestedStringSlice(container, "args")
	args = append(args, "--kubeconfig", kubeconfig, "--httpAddr", i.HTTP, "--grpcAddr", i.GRPC,
		"--secureGRPCAddr", i.Secure, "--httpsAddr", address+":443",
		"--monitoringAddr", i.Metrics, "--ctrlz_port", "0")

	name := "istiod-" + i.Namespace
	dir := c.file(name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if i.process, err = start(c.Logs, name, dir, env, c.binaries["pilot-discovery"], args...); err != nil {
		return nil, err
	}
	c.stop = append(c.stop, i.process.stop)
	i.Log = filepath.Join(c.Logs, name+".log")
	return i, i.process.ready(2*time.Minute, func() error {
		_, err := i.Debug("/ready")
		return err
	})
}

// discovery is the Deployment that runs istiod, and its container.
func discovery(objects []*Object) (*Object, map[string]any, error) {
	for _, object := range objects {
		if object.GetKind() != "Deployment" {
			continue
		}
		containers, _, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
		for _, item := range containers {
			if container := item.(map[string]any); container["name"] == "discovery" {
				return object, container, nil
			}
		}
	}
	return nil, nil, errors.New("no Deployment has a container discovery")
}

// environment is a container's env; fields answers its fieldRefs. References to
// the container's own resources, which only a kubelet knows, are left out.
func environment(container map[string]any, fields map[string]string) []string {
	var env []string
	list, _, _ := unstructured.NestedSlice(container, "env")
	for _, item := range list {
		entry := item.(map[string]any)
		if field, ok, _ := unstructured.NestedString(entry, "valueFrom", "fieldRef", "fieldPath"); ok {
			env = append(env, fmt.Sprintf("%s=%s", entry["name"], fields[field]))
		} else if entry["valueFrom"] == nil {
			value, _ := entry["value"].(string)
			env = append(env, fmt.Sprintf("%s=%s", entry["name"], value))
		}
	}
	return env
}

// PodOf waits for a pod of a Deployment and returns its name.
func (c *Cluster) PodOf(namespace, deployment string) (name string, err error) {
	err = Eventually(time.Minute, func() error {
		pods, err := c.Admin.Items("/api/v1/namespaces/" + namespace + "/pods")
		if err != nil {
			return err
		}
		for _, pod := range pods {
			if strings.HasPrefix(pod.GetName(), deployment+"-") {
				name = pod.GetName()
				return nil
			}
		}
		return fmt.Errorf("Deployment %s/%s: the controllers have made no pod", namespace, deployment)
	})
	return name, err
}

// ServiceAccountToken is a fresh token, as a kubelet asks for it; without
// audiences, it is for the API server.
func (c *Cluster) ServiceAccountToken(namespace, name string, audiences ...string) (string, error) {
	path := "/api/v1/namespaces/" + namespace + "/serviceaccounts/" + name + "/token"
	spec, err := json.Marshal(map[string]any{"expirationSeconds": 7200, "audiences": audiences})
	if err != nil {
		return "", err
	}
	body := `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":` + string(spec) + `}`
	answer, err := c.Admin.Do(http.MethodPost, path, body)
	if err != nil {
		return "", err
	}
	token, err := TokenIn(answer)
	if err != nil {
		return "", fmt.Errorf("token of ServiceAccount %s/%s: %w", namespace, name, err)
	}
	return token, nil
}

// TokenIn is the token that an answer to a TokenRequest holds.
func TokenIn(answer Answer) (string, error) {
	var token struct{ Status struct{ Token string } }
	if err := answer.Error(); err != nil {
		return "", err
	}
	err := json.Unmarshal(answer.Body, &token)
	return token.Status.Token, err
}

// Debug reads a page of istiod's debug port.
func (i *Istiod) Debug(path string) ([]byte, error) { return get("http://" + i.HTTP + path) }

// Metric sums the samples of one of istiod's metrics.
func (i *Istiod) Metric(name string) (sum float64, err error) {
	text, err := get("http://" + i.Metrics + "/metrics")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if sample, _, _ := strings.Cut(line, "{"); len(fields) < 2 || (sample != name && fields[0] != name) {
			continue
		}
		value, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			return 0, fmt.Errorf("metric %s: %w", name, err)
		}
		sum += value
	}
	return sum, nil
}

func get(url string) ([]byte, error) {
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, response.Status)
	}
	return data, err
}
