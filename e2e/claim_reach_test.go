package e2e

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// path, hop and sent are what check prints of a way out of a tenant.
type path struct {
	Tenant    string `json:"tenant"`
	Namespace string `json:"namespace"`
	Hops      []hop  `json:"hops"`
}

type hop struct {
	Kind     string    `json:"kind"`
	As       identity  `json:"as"`
	Text     string    `json:"text"`
	Requests []sent    `json:"requests"`
	Becomes  *identity `json:"becomes"`
	With     string    `json:"with"`
}

type identity struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

type sent struct {
	Verb        string         `json:"verb"`
	Group       string         `json:"group"`
	Version     string         `json:"version"`
	Resource    string         `json:"resource"`
	Subresource string         `json:"subresource"`
	Namespace   string         `json:"namespace"`
	Name        string         `json:"name"`
	URL         string         `json:"path"`
	Object      map[string]any `json:"object"`
}

func TestEveryPathThatCheckReportsIsWalked(t *testing.T) {
	c := claims(t, "Each path that check reports for rights that were added on purpose is tried on the API server, step by step: with the first identity, and then with the identity of each step, using the token that the step gives")
	k, err := cluster.Start(binaries, cluster.Options{Logs: filepath.Join(logs, "reach"), Users: []string{"alice", "bob", "carol"},
		// The default until 1.34: a right to get pods/exec is enough, by a GET over WebSockets.
		Flags:       []string{"--feature-gates=AuthorizePodWebsocketUpgradeCreatePermission=false"},
		Controllers: "*"}) // of all kinds that make Pods
	require.NoError(t, err)
	defer k.Stop()
	require.NoError(t, k.RunPods())
	node, err := k.Admin.Do(http.MethodPost, "/api/v1/nodes", `{"apiVersion":"v1","kind":"Node","metadata":{"name":"node"}}`) // a DaemonSet has one Pod on each
	require.NoError(t, errors.Join(err, node.Error()))
	const folder = "../plugin/internal/reach/testdata"
	tenants, err := os.ReadFile(filepath.Join(folder, "tenants.yaml"))
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(folder, "seeds", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var cases []walk
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		seed, err := os.ReadFile(file)
		require.NoError(t, err)
		text := strings.ReplaceAll(string(tenants)+"---\n"+string(seed), "SEED", name)
		objects, err := cluster.Parse([]byte(text))
		require.NoError(t, err)
		cases = append(cases, walk{name: name, text: text, objects: objects})
	}
	cases = append(cases, thePost(t, "0.7.1", "istio-pilot-service-account"), thePost(t, "1.31.0", "istiod"))
	var mu sync.Mutex
	paths, hops, walked := 0, 0, map[string]int{}
	var group errgroup.Group
	group.SetLimit(4)
	for _, w := range cases {
		require.NoError(t, applyCase(k, w.objects), w.name)
		written := filepath.Join(logs, "reach", w.name+".yaml")
		require.NoError(t, os.WriteFile(written, []byte(w.text), 0o644))
		reported := pathsOf(t, written, w.flags...)
		if w.expected != nil {
			c.check(w.name, func(t *testing.T) { require.Subset(t, ends(reported), w.expected) })
		}
		name := w.name
		group.Go(func() error {
			for i, p := range reported {
				c.check(fmt.Sprintf("%s %d", name, i), func(t *testing.T) {
					w := walker{t, k}
					who := w.begin(p.Hops[0].As)
					for _, h := range p.Hops {
						who = w.take(who, h)
						mu.Lock()
						hops++
						walked[h.Kind]++
						mu.Unlock()
					}
					mu.Lock()
					paths++
					mu.Unlock()
				})
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	c.check("each kind of hop", func(t *testing.T) {
		for _, kind := range []string{"token", "tokenSecret", "impersonate", "pod", "change", "exec", "bind", "escalate", "foreign", "cluster", "node", "relabel", "webhook"} {
			require.NotZero(t, walked[kind], kind)
		}
	})
	c.note("paths of check: %d were walked in %d hops: %v", paths, hops, walked)
}

// walk is a cluster of which check reports paths.
type walk struct {
	name, text string
	flags      []string
	objects    []*cluster.Object
	// expected are whom some paths lead to, and what they end with.
	expected []string
}

// post is what the post of 2018 adds to upstream's manifests.
const post = `
apiVersion: v1
kind: Namespace
metadata: {name: PLANE}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: ns-access-for-alice-PLANE, namespace: PLANE}
rules:
- {apiGroups: [""], resources: ["*"], verbs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: access-all-PLANE, namespace: PLANE}
subjects: [{kind: User, name: alice, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: Role, name: ns-access-for-alice-PLANE, apiGroup: rbac.authorization.k8s.io}
`

// thePost is the recipe of the post over upstream's manifest of a version, of which the API
// server gets what its recipe is about: accounts and rights.
func thePost(t *testing.T, version, account string) walk {
	manifest, err := os.ReadFile("../.manifests/" + version + "/istio-system1.yaml")
	require.NoError(t, err, "make manifests makes it")
	plane := "post-" + strings.ReplaceAll(version, ".", "-")
	text := strings.ReplaceAll(post, "PLANE", plane) + "---\n" + strings.ReplaceAll(string(manifest), "istio-system1", plane)
	all, err := cluster.Parse([]byte(text))
	require.NoError(t, err)
	var rights []*cluster.Object
	for _, o := range all {
		group, _, _ := strings.Cut(o.GetAPIVersion(), "/")
		if group == "rbac.authorization.k8s.io" {
			o.SetAPIVersion(group + "/v1")
		}
		if group == "rbac.authorization.k8s.io" || o.GetKind() == "ServiceAccount" || o.GetKind() == "Namespace" && o.GetName() == plane {
			rights = append(rights, o)
		}
	}
	return walk{plane, text, []string{"--tenant", "sales=" + plane}, rights, []string{
		"ServiceAccount " + plane + "/" + account + " cluster list secrets", "User alice relabel patch namespaces",
	}}
}

// ends are who makes the last request of each path, and what it is.
func ends(paths []path) (all []string) {
	for _, p := range paths {
		last := p.Hops[len(p.Hops)-1]
		who := last.As.Kind + " " + last.As.Name
		if last.As.Namespace != "" {
			who = last.As.Kind + " " + last.As.Namespace + "/" + last.As.Name
		}
		all = append(all, who+" "+last.Kind+" "+last.Requests[0].Verb+" "+last.Requests[0].Resource)
	}
	return all
}

// pathsOf are the paths that check reports of a file.
func pathsOf(t *testing.T, file string, flags ...string) (all []path) {
	command := exec.Command(filepath.Join(tools, "istio-tenancy"), append([]string{"check", "-o", "json", "--fail-on", "none", file}, flags...)...)
	out, err := command.Output()
	require.NoError(t, err, "%s", stderrOf(err))
	var report struct {
		Findings []struct {
			Path *path `json:"path"`
		} `json:"findings"`
	}
	require.NoError(t, json.Unmarshal(out, &report))
	for _, f := range report.Findings {
		if f.Path != nil {
			all = append(all, *f.Path)
		}
	}
	return all
}

// applyCase applies Namespaces first, and the rest when each has its ServiceAccount:
// Kubernetes deletes a Secret for the token of one that is not there.
func applyCase(k *cluster.Cluster, objects []*cluster.Object) error {
	namespaces, others := namespacesApart(objects)
	if _, err := k.Admin.Apply(namespaces); err != nil {
		return err
	}
	for _, o := range namespaces {
		if err := cluster.Eventually(patience, func() error {
			_, err := k.Admin.Get("/api/v1/namespaces/" + o.GetName() + "/serviceaccounts/default")
			return err
		}); err != nil {
			return err
		}
	}
	_, err := k.Admin.Apply(others)
	return err
}

func stderrOf(err error) string {
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return string(failed.Stderr)
	}
	return ""
}

// walker makes the requests of hops.
type walker struct {
	t *testing.T
	*cluster.Cluster
}

// actor sends a request as somebody.
type actor func(method, path, body string) (cluster.Answer, error)

// begin is as whom a path begins: a user by the own token, a member of a group, or a
// program by the token that its Pod has.
func (w walker) begin(who identity) actor {
	switch who.Kind {
	case "User":
		return w.As(who.Name).Do
	case "Group":
		if who.Name == "system:unauthenticated" {
			return w.anonymous
		}
		return func(method, path, body string) (cluster.Answer, error) {
			return w.Admin.Impersonate("somebody", who.Name, method, path, body)
		}
	}
	return w.account(who)
}

// anonymous sends a request as whoever has no token. What it asks about itself, which it may
// not, an administrator asks.
func (w walker) anonymous(method, path, body string) (cluster.Answer, error) {
	const reviews = "/apis/authorization.k8s.io/v1/"
	if path != reviews+"selfsubjectaccessreviews" {
		return w.Admin.Impersonate("system:anonymous", "system:unauthenticated", method, path, body)
	}
	body = strings.NewReplacer(`"SelfSubjectAccessReview"`, `"SubjectAccessReview"`,
		`"spec":{`, `"spec":{"user":"system:anonymous","groups":["system:unauthenticated"],`).Replace(body)
	return w.Admin.Do(method, reviews+"subjectaccessreviews", body)
}

func (w walker) account(who identity) actor {
	token, err := w.ServiceAccountToken(who.Namespace, who.Name)
	if err != nil { // it is made by whoever may, who has it from then on
		answer, made := w.Admin.Do(http.MethodPost, "/api/v1/namespaces/"+who.Namespace+"/serviceaccounts", object("v1", "ServiceAccount", who.Name, ""))
		require.NoError(w.t, errors.Join(made, answer.Error()))
		token, err = w.ServiceAccountToken(who.Namespace, who.Name)
	}
	require.NoError(w.t, err)
	return w.WithToken(token).Do
}

func (s sent) path() string {
	path := "/api/" + s.Version
	if s.Group != "" {
		path = "/apis/" + s.Group + "/" + s.Version
	}
	if s.Namespace != "" && s.Resource != "namespaces" {
		path += "/namespaces/" + s.Namespace
	}
	path += "/" + s.Resource
	if s.Name != "" && (s.Verb != "create" || s.Subresource != "") {
		path += "/" + s.Name
	}
	if s.Subresource != "" {
		path += "/" + s.Subresource
	}
	return path
}

// take makes a hop's requests, and returns whom they lead to.
func (w walker) take(as actor, h hop) actor {
	t := w.t
	var last cluster.Answer
	walked := h
	if h.With != "" { // what it does with the rights that it gives itself
		walked.Kind = h.With
	}
	for _, s := range h.Requests {
		h := walked
		if s.Group == "rbac.authorization.k8s.io" {
			h.Kind = "bind"
		}
		if s.Name == "" && (h.Kind == "exec" || h.Kind == "change" && s.Resource == "pods") {
			s.Name = w.podOf(*h.Becomes)
		}
		if s.Name == "" && h.Kind == "node" && s.Resource == "pods" && s.Verb+s.Subresource != "create" { // into a Pod that is there
			s.Name = w.podOf(identity{Namespace: s.Namespace, Name: "default"})
			if h.Kind = "exec"; s.Subresource == "" {
				h.Kind = "change"
			}
		}
		last = w.ask(as, h, s)
	}
	if h.Becomes == nil {
		return nil
	}
	to := *h.Becomes
	switch h = walked; h.Kind {
	case "token":
		token, err := cluster.TokenIn(last)
		require.NoError(t, err)
		return w.WithToken(token).Do
	case "tokenSecret":
		return w.WithToken(w.secretOf(to)).Do
	case "impersonate":
		alice := w.As(h.As.Name)
		return func(method, path, body string) (cluster.Answer, error) {
			return alice.Impersonate("system:serviceaccount:"+to.Namespace+":"+to.Name, "", method, path, body)
		}
	case "pod", "change":
		if h.Requests[0].Resource == "cronjobs" { // what its controller does at the next minute
			out, err := w.Kubectl(cluster.ClusterAdmin, "create", "job", "now", "-n", to.Namespace, "--from=cronjob/istio-tenancy-check")
			require.NoError(t, err, out)
		}
		w.podOf(to) // which its node gives a token of the ServiceAccount
	}
	return w.account(to)
}

// ask sends a request. What needs an object that check does not give is asked for by a
// SelfSubjectAccessReview, and so is what is no request of its own.
func (w walker) ask(as actor, h hop, s sent) cluster.Answer {
	t := w.t
	method, path, body := "", s.path(), ""
	if s.Object != nil {
		text, err := json.Marshal(s.Object)
		require.NoError(t, err)
		body = string(text)
	}
	switch s.Verb {
	case "get", "list":
		method = http.MethodGet
	case "create":
		method = http.MethodPost
	case "patch":
		method = http.MethodPatch
	case "update":
		method = http.MethodPut
	}
	exec := h.Kind == "exec" && s.Subresource != "ephemeralcontainers"
	switch {
	case exec:
		var answer cluster.Answer
		require.NoError(t, cluster.Eventually(patience, func() (err error) { // a controller makes the Pod a moment later
			if answer, err = as(method, path+"?command=true&container=main", ""); err == nil && answer.Code == http.StatusNotFound {
				err = errors.New(answer.Message())
			}
			return err
		}), h.Text)
		require.NotContains(t, []int{401, 403}, answer.Code, "%s: %s", h.Text, answer.Message())
		return answer
	case h.Kind == "exec", h.Kind == "change" && s.Resource == "pods":
		w.patchPod(as, h, s)
		return cluster.Answer{}
	case method == "", s.URL != "", body == "" && method != http.MethodGet, method == http.MethodGet && s.Name != "" && h.Kind != "tokenSecret", s.Subresource != "" && s.Name == "":
		w.reviewed(as, h, s)
		return cluster.Answer{}
	case h.Kind == "tokenSecret" && s.Verb == "get" && s.Name == "":
		path += "/istio-tenancy-check"
	}
	var answer cluster.Answer
	require.NoError(t, cluster.Eventually(patience, func() (err error) { // the authorizer learns of a binding a moment later
		if method == http.MethodPut { // a controller may have written it since
			body = w.updated(path, s.Object)
		}
		answer, err = as(method, path, body)
		if answer.Code == http.StatusConflict && method == http.MethodPost { // another path has made it
			return err
		}
		return errors.Join(err, answer.Error())
	}), "%s: %s %s", h.Text, method, path)
	return answer
}

// patchPod changes a Pod that is there: all of its containers, with the one change.
func (w walker) patchPod(as actor, h hop, s sent) {
	pod, err := w.Admin.Get("/api/v1/namespaces/" + s.Namespace + "/pods/" + s.Name)
	require.NoError(w.t, err)
	field := "ephemeralContainers"
	list, _, err := unstructured.NestedSlice(s.Object, "spec", field)
	require.NoError(w.t, err)
	if s.Subresource == "" {
		field = "containers"
		list, _, err = unstructured.NestedSlice(pod.Object, "spec", field)
		require.NoError(w.t, err)
		list[0].(map[string]any)["image"] = "registry.example/other"
	}
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{field: list}})
	require.NoError(w.t, err)
	answer, err := as(http.MethodPatch, s.path(), string(patch))
	require.NoError(w.t, errors.Join(err, answer.Error()), h.Text)
}

func (w walker) reviewed(as actor, h hop, s sent) {
	about := map[string]any{
		"resourceAttributes": map[string]any{"verb": s.Verb, "group": s.Group, "resource": s.Resource, "subresource": s.Subresource, "namespace": s.Namespace, "name": s.Name}}
	if s.URL != "" {
		about = map[string]any{"nonResourceAttributes": map[string]any{"verb": s.Verb, "path": s.URL}}
	}
	review, err := json.Marshal(map[string]any{"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": about})
	require.NoError(w.t, err)
	answer, err := as(http.MethodPost, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", string(review))
	require.NoError(w.t, errors.Join(err, answer.Error()))
	require.Contains(w.t, string(answer.Body), `"allowed":true`, "%s: %+v", h.Text, s)
}

// updated is what is there with a merge patch.
func (w walker) updated(path string, patch map[string]any) string {
	before, err := w.Admin.Get(path)
	require.NoError(w.t, err)
	var merge func(into, from map[string]any)
	merge = func(into, from map[string]any) {
		for key, value := range from {
			inner, ok := value.(map[string]any)
			old, was := into[key].(map[string]any)
			if ok && was {
				merge(old, inner)
			} else {
				into[key] = value
			}
		}
	}
	merge(before.Object, patch)
	text, err := before.MarshalJSON()
	require.NoError(w.t, err)
	return string(text)
}

// podOf waits for a Pod of a ServiceAccount.
func (w walker) podOf(who identity) (name string) {
	require.NoError(w.t, cluster.Eventually(patience, func() error {
		pods, err := w.Admin.Items("/api/v1/namespaces/" + who.Namespace + "/pods")
		if err != nil {
			return err
		}
		for _, p := range pods {
			if account, _, _ := unstructured.NestedString(p.Object, "spec", "serviceAccountName"); account == who.Name {
				name = p.GetName()
				return nil
			}
		}
		return fmt.Errorf("no Pod of %s runs in %s", who.Name, who.Namespace)
	}))
	return name
}

// secretOf waits for a Secret with a token of a ServiceAccount, and returns that.
func (w walker) secretOf(who identity) (token string) {
	require.NoError(w.t, cluster.Eventually(patience, func() error {
		secrets, err := w.Admin.Items("/api/v1/namespaces/" + who.Namespace + "/secrets")
		if err != nil {
			return err
		}
		for _, s := range secrets {
			data, _, _ := unstructured.NestedString(s.Object, "data", "token")
			if data == "" || s.GetAnnotations()["kubernetes.io/service-account.name"] != who.Name {
				continue
			}
			text, err := base64.StdEncoding.DecodeString(data)
			token = string(text)
			return err
		}
		return fmt.Errorf("no Secret has a token of %s", who.Name)
	}))
	return token
}
