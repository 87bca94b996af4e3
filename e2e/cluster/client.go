package cluster

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Agent is what a Client calls itself.
const Agent = "istio-tenancy-e2e"

// Client speaks to the API server as one user, in plain HTTP and JSON: what it
// sends is what the caller wrote.
type Client struct {
	host  string
	token string
	http  *http.Client

	mu        sync.Mutex
	resources map[string]Resource // by apiVersion and kind
}

// As acts as a user of Options.Users.
func (c *Cluster) As(user string) *Client { return c.WithToken(tokenOf(user)) }

// AdminToken is the token of the cluster administrator, for a client that is not a Client.
func AdminToken() string { return tokenOf(ClusterAdmin) }

// WithToken acts as whoever the token stands for.
func (c *Cluster) WithToken(token string) *Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(c.ca)
	return &Client{host: c.url, token: token, http: &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true},
	}}
}

// Answer is what the API server said.
type Answer struct {
	Code int
	Body []byte
}

// Do sends one request. A PATCH is a merge patch, unless the path says
// fieldManager=, which makes it a server-side apply. The error is the
// transport's: a refusal is an Answer.
func (c *Client) Do(method, path, body string) (Answer, error) {
	return c.send(method, path, body, nil)
}

// Impersonate is Do on behalf of another user, in a group if it is not empty.
func (c *Client) Impersonate(user, group, method, path, body string) (Answer, error) {
	header := http.Header{"Impersonate-User": {user}}
	if group != "" {
		header.Set("Impersonate-Group", group)
	}
	return c.send(method, path, body, header)
}

func (c *Client) send(method, path, body string, header http.Header) (Answer, error) {
	request, err := http.NewRequest(method, c.host+path, strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	for key, values := range header {
		request.Header[key] = values
	}
	switch {
	case method == http.MethodPatch && strings.Contains(path, "fieldManager="):
		request.Header.Set("Content-Type", "application/apply-patch+yaml")
	case method == http.MethodPatch:
		request.Header.Set("Content-Type", "application/merge-patch+json")
	case body != "":
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("User-Agent", Agent)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Authorization", "Bearer "+c.token)
	response, err := c.http.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	return Answer{Code: response.StatusCode, Body: data}, err
}

// Error is nil for a 2xx, and otherwise what the API server's Status says.
func (a Answer) Error() error {
	if a.Code >= 200 && a.Code < 300 {
		return nil
	}
	return fmt.Errorf("%d %s", a.Code, a.Message())
}

// Message is the message of the Status that the API server answered with.
func (a Answer) Message() string {
	var status struct{ Message string }
	if json.Unmarshal(a.Body, &status) == nil && status.Message != "" {
		return status.Message
	}
	return strings.TrimSpace(string(a.Body))
}

// Get reads one object, or a list, by its path.
func (c *Client) Get(path string) (*unstructured.Unstructured, error) {
	answer, err := c.Do(http.MethodGet, path, "")
	if err := errors.Join(err, answer.Error()); err != nil {
		return nil, fmt.Errorf("get %s: %w", path, err)
	}
	object := &unstructured.Unstructured{}
	return object, json.Unmarshal(answer.Body, &object.Object)
}

// Gone is an error for as long as there is something at a path, and if it cannot be read.
func (c *Client) Gone(path string) error {
	answer, err := c.Do(http.MethodGet, path, "")
	if err != nil || answer.Code == http.StatusNotFound {
		return err
	}
	return errors.Join(fmt.Errorf("%s is still there", path), answer.Error())
}

// Items reads a list by its path.
func (c *Client) Items(path string) ([]*unstructured.Unstructured, error) {
	list, err := c.Get(path)
	if err != nil {
		return nil, err
	}
	raw, _, err := unstructured.NestedSlice(list.Object, "items")
	if err != nil {
		return nil, err
	}
	var items []*unstructured.Unstructured
	for _, item := range raw {
		if object, ok := item.(map[string]any); ok {
			items = append(items, &unstructured.Unstructured{Object: object})
		}
	}
	return items, nil
}

// Kubeconfig writes a kubeconfig for a token and returns its path.
func (c *Cluster) Kubeconfig(name, token string) (string, error) {
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "e2e",
		"clusters": []any{map[string]any{"name": "e2e",
			"cluster": map[string]any{"server": c.url, "certificate-authority-data": c.ca}}},
		"users":    []any{map[string]any{"name": name, "user": map[string]any{"token": token}}},
		"contexts": []any{map[string]any{"name": "e2e", "context": map[string]any{"cluster": "e2e", "user": name}}},
	})
	if err != nil {
		return "", err
	}
	path := c.file(url.PathEscape(name) + ".kubeconfig")
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text) {
		return path, nil // somebody may be reading it
	}
	made, err := os.CreateTemp(c.data, "kubeconfig-") // with 0600
	if err != nil {
		return "", err
	}
	_, err = made.Write(text)
	return path, errors.Join(err, made.Close(), os.Rename(made.Name(), path))
}

// UserKubeconfig writes a kubeconfig for a user of the cluster and returns its path.
func (c *Cluster) UserKubeconfig(user string) (string, error) {
	return c.Kubeconfig(user, tokenOf(user))
}

// Kubectl runs the real kubectl as a user and returns what it printed.
func (c *Cluster) Kubectl(user string, args ...string) (string, error) {
	kubeconfig, err := c.UserKubeconfig(user)
	if err != nil {
		return "", err
	}
	return c.command("kubectl", append([]string{"--kubeconfig", kubeconfig}, args...))
}

// Istioctl runs the real istioctl as a user; without one, it has no kubeconfig, as in
// a Pod that has no token for the API server.
func (c *Cluster) Istioctl(user string, args ...string) (string, error) {
	if user == "" {
		return c.command("istioctl", args)
	}
	kubeconfig, err := c.UserKubeconfig(user)
	if err != nil {
		return "", err
	}
	return c.command("istioctl", append([]string{"--kubeconfig", kubeconfig}, args...))
}

func (c *Cluster) command(name string, args []string) (string, error) {
	var out bytes.Buffer
	cmd := exec.Command(c.binaries[name], args...)
	cmd.Env = []string{"HOME=" + c.data}
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}
