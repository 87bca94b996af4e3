package cluster

import (
	"context"
	"crypto/x509"
	"encoding/base64"
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
	// IP is the Pod's address, ClusterIP that of the Service of the same name.
	IP, ClusterIP string
	// Host is a name that its certificate has, Audience that of the tokens which
	// proxies have for it.
	Host, Audience string
	// Log is the path of its log.
	Log string

	cluster *Cluster
	network *network
	process *process
	service func() // ends what serves the Service
}

// User is what the API server calls the ServiceAccount.
func (i *Istiod) User() string {
	return "system:serviceaccount:" + i.Namespace + ":" + i.ServiceAccount
}

// Stop ends the process, and what stands for its Service.
func (i *Istiod) Stop() {
	i.process.stop()
	if i.service != nil {
		i.service()
	}
	i.network.close()
}

// StartIstiod runs the istiod that the rendered objects, already applied,
// describe, and returns when it is ready. Its arguments and its environment are
// those of the rendered Deployment; only the kubeconfig, with a real token of its
// ServiceAccount, is the harness'. It runs in a network of its own, so that it
// listens where it would in its Pod, and is reached through its Service.
func (c *Cluster) StartIstiod(objects []*Object) (*Istiod, error) {
	deployment, container, err := discovery(objects)
	if err != nil {
		return nil, err
	}
	i := &Istiod{Namespace: deployment.GetNamespace(), Audience: "istio-ca", cluster: c}
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
		if value, ok := strings.CutPrefix(entry, "TOKEN_AUDIENCES="); ok {
			i.Audience, _, _ = strings.Cut(value, ",") // the tenant's own comes first
		}
		if strings.HasPrefix(entry, "KUBECONFIG=") {
			env[n] = "KUBECONFIG=" + kubeconfig
		}
	}
	service, err := c.Admin.Get("/api/v1/namespaces/" + i.Namespace + "/services/" + deployment.GetName())
	if err != nil {
		return nil, err
	}
	i.ClusterIP, _, _ = unstructured.NestedString(service.Object, "spec", "clusterIP")
	i.Host = service.GetName() + "." + i.Namespace + ".svc"
	if i.network, err = newNetwork(); err != nil {
		return nil, err
	}
	c.stop = append(c.stop, i.Stop)
	i.IP = i.network.address.String()
	if err := c.runPodAt(i.Namespace, i.Pod, i.IP); err != nil {
		return nil, err
	}
	if i.service, err = serve(service, i.IP); err != nil {
		return nil, err
	}
	args, _, _ := unstructured.NestedStringSlice(container, "args")
	args = append(args, "--kubeconfig", kubeconfig)

	name := deployment.GetName() + "-in-" + i.Namespace
	dir := c.file(name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if err := i.network.do(func() (err error) {
		i.process, err = start(c.Logs, name, dir, env, c.binaries["pilot-discovery"], args...)
		return err
	}); err != nil {
		return nil, err
	}
	i.Log = filepath.Join(c.Logs, name+".log")
	return i, i.process.ready(2*time.Minute, func() error {
		_, err := get(http.DefaultClient, "http://"+i.IP+":8080/ready")
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

// Roots are what proxies know its certificate by: its own CA's.
func (i *Istiod) Roots() (*x509.CertPool, error) {
	roots := x509.NewCertPool()
	return roots, Eventually(time.Minute, func() error {
		secret, err := i.cluster.Admin.Get("/api/v1/namespaces/" + i.Namespace + "/secrets/istio-ca-secret")
		if err != nil {
			return err
		}
		encoded, _, _ := unstructured.NestedString(secret.Object, "data", "ca-cert.pem")
		text, err := base64.StdEncoding.DecodeString(encoded)
		if err == nil && !roots.AppendCertsFromPEM(text) {
			err = fmt.Errorf("Secret %s/istio-ca-secret: no certificate in ca-cert.pem", i.Namespace)
		}
		return err
	})
}

// Debug reads a page of istiod's debug port, as a program in its Pod does.
func (i *Istiod) Debug(path string) ([]byte, error) {
	inside := &http.Client{
		Transport: &http.Transport{DialContext: i.network.dial, DisableKeepAlives: true}}
	return get(inside, "http://127.0.0.1:8080"+path)
}

// Metric sums the samples of one of istiod's metrics.
func (i *Istiod) Metric(name string) (sum float64, err error) {
	text, err := get(http.DefaultClient, "http://"+i.IP+":15014/metrics")
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

func get(client *http.Client, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
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
