package e2e

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// What an administrator makes for itself is nobody's to find but the cluster
// administrator's, who follows the documentation.
func TestARevokedAdministratorIsOut(t *testing.T) {
	c := claims(t, "An administrator who is removed from the tenant's file keeps what the administrator created, and has no rights any more after the documented commands")
	alone, sales, source := onlySales(t, "name: sales-admin", "name: sales-admin\n  - kind: User\n    name: boss")
	_, err := alone.Admin.Apply(sales.objects)
	require.NoError(t, err)
	bad := alone.As(sales.admin)
	const secrets, rbac = "/api/v1/namespaces/ns-1/secrets", "/apis/rbac.authorization.k8s.io/v1/namespaces/ns-1/rolebindings"
	answers := func(client *cluster.Client, code int) func() error {
		return func() error {
			answer, err := client.Do("GET", secrets, "")
			if err == nil && answer.Code != code {
				err = fmt.Errorf("%d instead of %d: %s", answer.Code, code, answer.Message())
			}
			return err
		}
	}
	require.NoError(t, cluster.Eventually(patience, answers(bad, http.StatusOK)))

	// As itself, as an account with a token of an hour and one without an end.
	for _, made := range [][2]string{
		{rbac, object("rbac.authorization.k8s.io/v1", "RoleBinding", "mine", `"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"admin"},`+
			`"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"`+sales.admin+`"},{"kind":"ServiceAccount","name":"ci","namespace":"ns-1"}]`)},
		{"/api/v1/namespaces/ns-1/serviceaccounts", object("v1", "ServiceAccount", "ci", "")},
		{"/apis/networking.k8s.io/v1/namespaces/ns-1/networkpolicies", object("networking.k8s.io/v1", "NetworkPolicy", "mine", `"spec":{"podSelector":{}}`)},
		{secrets, strings.Replace(object("v1", "Secret", "ci", `"type":"kubernetes.io/service-account-token"`),
			`"name":"ci"`, `"name":"ci","annotations":{"kubernetes.io/service-account.name":"ci"}`, 1)},
	} {
		answer, err := bad.Do("POST", made[0], made[1])
		require.NoError(t, err)
		require.NoError(t, answer.Error(), made[0])
	}
	answer, err := bad.Do("POST", "/api/v1/namespaces/ns-1/serviceaccounts/ci/token", token)
	require.NoError(t, err)
	issued, err := cluster.TokenIn(answer)
	require.NoError(t, err)
	var endless string
	require.NoError(t, cluster.Eventually(patience, func() (err error) {
		endless, err = tokenOfSecret(bad, secrets+"/ci")
		return err
	}))
	holders := map[string]*cluster.Client{
		"the administrator": bad, "a token of its account": alone.WithToken(issued), "a token Secret of its account": alone.WithToken(endless),
	}

	require.NoError(t, source.Edit("sales", "  - kind: User\n    name: sales-admin\n", ""))
	after, err := source.Render("overlays/sales")
	require.NoError(t, err)
	for _, o := range after {
		if o.GetKind() == "RoleBinding" { // the others are as they were, and istiod, which would be asked, is not there
			_, err := alone.Admin.Apply([]*cluster.Object{o})
			require.NoError(t, err)
		}
	}
	c.check("a RoleBinding that passes for a rendered one is refused", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error { // the policies are new in this cluster
			answer, err := bad.Do("POST", rbac+"?dryRun=All", strings.Replace(object("rbac.authorization.k8s.io/v1", "RoleBinding", "hidden",
				`"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"admin"},"subjects":[{"kind":"ServiceAccount","name":"ci","namespace":"ns-1"}]`),
				`"name":"hidden"`, `"name":"hidden","labels":{"istio-tenancy.dev/tenant":"sales"}`, 1))
			if err != nil {
				return err
			}
			return contains(answer.Message(), "istio-tenancy-rendered")
		}))
	})
	c.check("the tenant's own RoleBinding names it no more", func(t *testing.T) {
		binding, err := alone.Admin.Get(rbac + "/access-all-ns-1")
		require.NoError(t, err)
		require.NotContains(t, mustText(t, binding), sales.admin)
		require.Contains(t, mustText(t, binding), "boss")
		answer, err := bad.Do("GET", "/api/v1/namespaces/istio-system1/pods", "")
		require.NoError(t, err)
		require.Equal(t, http.StatusForbidden, answer.Code)
	})
	for name, client := range holders {
		c.check("for comparison: "+name+" reads Secrets still", func(t *testing.T) { require.NoError(t, answers(client, http.StatusOK)()) })
	}

	commands := revokeCommands(t)
	for i, name := range []string{"see", "let nobody make more", "unbind", "end tokens", "let the others make more"} {
		c.check("the documented command to "+name, func(t *testing.T) {
			out, err := alone.Kubectl(cluster.ClusterAdmin, listing(t, alone, commands[i])...)
			require.NoError(t, err, out)
			if name == "let nobody make more" {
				require.NoError(t, cluster.Eventually(patience, func() error {
					answer, err := bad.Do("POST", rbac+"?dryRun=All", object("rbac.authorization.k8s.io/v1", "RoleBinding", "more", me+","+roleRef("ClusterRole", "view")))
					if err == nil && !strings.Contains(answer.Message(), "exceeded quota") {
						err = fmt.Errorf("%d %s", answer.Code, answer.Message())
					}
					return err
				}))
			}
			if name == "see" {
				require.Regexp(t, `(?m)^rolebinding\S*/mine .* sales-admin .*ns-1/ci +$`, out, "without a label")
				require.Regexp(t, `(?m)^rolebinding\S*/access-all-ns-1 .* sales$`, out)
				require.Regexp(t, `(?m)^serviceaccount/ci .*[^s]$`, out)
				require.Contains(t, out, "secret/ci ")
				require.Regexp(t, `(?m)^networkpolicy\S*/mine `, out, "kinds by which nobody gets rights, too")
			}
		})
	}
	for name, client := range holders {
		want := http.StatusUnauthorized // its account is gone
		if name == "the administrator" {
			want = http.StatusForbidden
		}
		c.check(name+" reads no Secrets", func(t *testing.T) { require.NoError(t, cluster.Eventually(patience, answers(client, want))) })
	}
	c.check("the other administrator is as before", func(t *testing.T) {
		answer, err := alone.Admin.Impersonate("boss", "", "GET", secrets, "")
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	})
}

// listing is a command whose $(kubectl ... | paste -sd, -) is replaced by what that
// prints: the kinds that the cluster has.
func listing(t *testing.T, c *cluster.Cluster, command []string) []string {
	t.Helper()
	from, to := slices.Index(command, "$(kubectl"), slices.Index(command, "-)")
	if from < 0 {
		return command
	}
	require.Equal(t, []string{"|", "paste", "-sd,"}, command[to-3:to])
	out, err := c.Kubectl(cluster.ClusterAdmin, command[from+1:to-3]...)
	require.NoError(t, err, out)
	return slices.Concat(command[:from], []string{strings.Join(strings.Fields(out), ",")}, command[to+1:])
}

// revokeCommands are those of the page on operation, without "kubectl".
func revokeCommands(t *testing.T) [][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", "operations.md"))
	require.NoError(t, err)
	_, item, found := strings.Cut(string(text), "## Revoke access")
	require.True(t, found)
	_, block, found := strings.Cut(item, "```sh\n")
	require.True(t, found)
	block, _, _ = strings.Cut(block, "```")
	var commands [][]string
	for line := range strings.Lines(block) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(strings.ReplaceAll(line, "'", ""))
		if len(words) == 0 {
			continue
		}
		require.Equal(t, "kubectl", words[0])
		commands = append(commands, words[1:])
	}
	require.Len(t, commands, 5)
	return commands
}

// tokenOfSecret is the token that Kubernetes has put into a Secret.
func tokenOfSecret(client *cluster.Client, path string) (string, error) {
	secret, err := client.Get(path)
	if err != nil {
		return "", err
	}
	encoded, found, _ := unstructured.NestedString(secret.Object, "data", "token")
	if !found {
		return "", errors.New("the Secret has no token yet")
	}
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	return string(decoded), err
}
