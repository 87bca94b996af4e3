package node_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/tally"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// attack is a row: what is tried, in one of these ways, and what comes of it.
type attack struct {
	name string

	verb  string // of the program ./attacker, in the Pod of sales
	token string // a request by the Pod's own token: METHOD PATH BODY
	admin string // the same by sales' administrator
	other string // the same by the cluster administrator, of what RBAC lets nobody else do
	pod   string // the spec of a Pod that sales' administrator makes; it is to be refused
	runs  string // the same, that is accepted, and is refused by the kubelet

	// refused is what the refusal says, a regular expression.
	refused string
	by      string
	// named is a sentence of docs/security.md about what does not protect, for what is not refused.
	named string
	// open is an address that dev's own Pod is let in at, so that a refusal is one of sales.
	open string
}

const forbidden = "is forbidden|Forbidden|cannot .* in the namespace|forbidden"

func TestAttacks(t *testing.T) {
	groups := []struct {
		name, claim string
		rows        []attack
	}{
		{"network", "A Pod of a tenant reaches nothing of another tenant, of the node or of the API server, except what docs/security.md names", networkAttacks},
		{"pods", "A tenant gets no Pod that reaches its node: admission, the API server and the kubelet refuse each way", podAttacks},
		{"container", "A Pod with every capability that the policies accept does not leave its container", containerAttacks},
		{"wire", "A Pod that forges addresses, or uses link-local addresses, gets the access that docs/security.md describes. Without that, its packets are refused, also from an address that a Pod of another tenant had before", nil},
	}
	var all []*tally.Claim
	for _, group := range groups {
		all = append(all, claims(t, group.claim))
	}
	turn(all[0], &lanes.dev)
	f := theField(t)
	inherited := make(chan heritage, 1)
	go func() { inherited <- f.inherit() }() // it takes longer than most attacks
	page := words(t, "../../docs/security.md")
	for i, group := range groups {
		t.Run(group.name, func(t *testing.T) {
			c := all[i]
			c.In(t)
			if group.name == "container" {
				c.Check("the attacker has every capability that the policies accept", f.hasEveryCapability)
			}
			if group.name == "wire" {
				f.attackTheWire(c, page, inherited)
				return
			}
			came, said := f.tryAll(group.rows)
			named := 0
			for i, row := range group.rows {
				c.Check(row.name, func(t *testing.T) {
					if row.named != "" {
						named++
						require.True(t, came[i], "docs/security.md names it as possible, and it is refused: %s", said[i])
						require.Contains(t, page, row.named)
						return
					}
					require.False(t, came[i], "it came through: %s", said[i])
					require.Regexp(t, regexp.MustCompile(row.refused), said[i])
					if row.open != "" {
						require.True(t, f.friend.Reaches(f.names.Replace(row.open), 2*time.Second), "dev's own Pod does not reach %s", row.open)
					}
				})
			}
			c.Note("%s: %d attacks, of which %d are not refused, as docs/security.md says", group.name, len(group.rows), named)
		})
	}
}

// words is a file's text, in which every break of a line is a space.
func words(t *testing.T, file string) string {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return strings.Join(strings.Fields(string(text)), " ")
}

// tryAll says of each attack whether it came through, and what was said. What the attacker's
// Pod tries, it tries in one go.
func (f *field) tryAll(rows []attack) (came []bool, said []string) {
	came, said = make([]bool, len(rows)), make([]string, len(rows))
	var verbs []string
	var byVerb []int
	for i, row := range rows {
		if row.verb != "" {
			verbs, byVerb = append(verbs, row.verb), append(byVerb, i)
		}
	}
	sideBySide(len(rows)+1, someAtOnce, func(i int) {
		switch {
		case i == 0:
			for n, o := range f.attackerDoesEach(verbs) {
				came[byVerb[n]], said[byVerb[n]] = o.Came, o.Said
			}
		case rows[i-1].verb == "":
			came[i-1], said[i-1] = f.try(rows[i-1], i-1)
		}
	})
	return came, said
}

// try is for one attack that is no verb of the attacker's.
func (f *field) try(a attack, n int) (bool, string) {
	admin := f.node.Cluster.As("sales-admin")
	name := fmt.Sprintf("attempt-%d", n)
	switch {
	case a.token != "":
		token, err := f.node.Cluster.ServiceAccountToken("ns-1", "default")
		if err != nil {
			return true, err.Error()
		}
		return f.request(f.node.Cluster.WithToken(token), a.token)
	case a.admin != "":
		return f.request(admin, a.admin)
	case a.other != "":
		return f.request(f.node.Cluster.Admin, a.other)
	case a.pod != "":
		answer, err := postPod(admin, "ns-1", name, f.names.Replace(a.pod))
		if err == nil && answer.Error() == nil {
			f.node.Cluster.Admin.Do(http.MethodDelete, "/api/v1/namespaces/ns-1/pods/"+name+"?gracePeriodSeconds=0", "")
		}
		return err != nil || answer.Error() == nil, answer.Message()
	default:
		return f.ends(name, f.names.Replace(a.runs), a.refused)
	}
}

// attackerDoes runs a verb in the attacker's Pod, as sales' administrator may.
func (f *field) attackerDoes(verb string) (bool, string) {
	words := strings.Fields(f.names.Replace(verb))
	out, err := f.node.Cluster.Kubectl("sales-admin", append([]string{"exec", "-n", "ns-1", "attacker", "--", "/usr/local/bin/attacker"}, words...)...)
	if err != nil && !strings.Contains(out, "failed: ") {
		return true, "the attacker did not run: " + out
	}
	return err == nil, out
}

// attempted is what came of a verb, as the attacker's verb each prints it.
type attempted struct {
	Came bool
	Said string
}

// attackerDoesEach is attackerDoes for many verbs. One that did not run counts as one that
// came through.
func (f *field) attackerDoesEach(verbs []string) []attempted {
	outcomes := make([]attempted, len(verbs))
	if len(verbs) == 0 {
		return nil
	}
	args := []string{"exec", "-n", "ns-1", "attacker", "--", "/usr/local/bin/attacker", "each"}
	for _, verb := range verbs {
		args = append(args, f.names.Replace(verb))
	}
	out, err := f.node.Cluster.Kubectl("sales-admin", args...)
	answers := json.NewDecoder(strings.NewReader(out))
	for i := range outcomes {
		o := &outcomes[i]
		if err == nil {
			err = answers.Decode(o)
		}
		if err != nil {
			*o = attempted{true, fmt.Sprintf("the attacker did not run: %v: %s", err, out)}
		} else if !o.Came && !strings.Contains(o.Said, "failed: ") {
			*o = attempted{true, "the attacker did not run: " + o.Said}
		}
	}
	return outcomes
}

func (f *field) request(as *cluster.Client, line string) (bool, string) {
	parts := append(strings.SplitN(f.names.Replace(line), " ", 3), "")
	answer, err := as.Do(parts[0], parts[1], parts[2])
	if err != nil {
		return true, err.Error()
	}
	return answer.Error() == nil, fmt.Sprintf("%d %s", answer.Code, answer.Message())
}

// ends makes a Pod that is accepted, and waits for what the kubelet says of it.
func (f *field) ends(name, spec, refused string) (bool, string) {
	admin := f.node.Cluster.Admin
	if err := makePod(f.node.Cluster.As("sales-admin"), "ns-1", name, spec); err != nil {
		return true, "the API server refused it, and not the kubelet: " + err.Error()
	}
	path := "/api/v1/namespaces/ns-1/pods/" + name
	defer admin.Do(http.MethodDelete, path+"?gracePeriodSeconds=0", "")
	said := ""
	err := cluster.Eventually(patience, func() error {
		pod, err := admin.Get(path)
		if err != nil {
			return err
		}
		events, err := admin.Items("/api/v1/namespaces/ns-1/events?fieldSelector=involvedObject.name=" + name)
		if err != nil {
			return err
		}
		said = fmt.Sprint(pod.Object["status"])
		for _, e := range events {
			message, _, _ := unstructured.NestedString(e.Object, "message")
			said += "\n" + message
		}
		if cluster.Condition(pod, "Ready") == "True" || regexp.MustCompile(refused).MatchString(said) {
			return nil
		}
		return fmt.Errorf("nothing came of %s", name)
	})
	return err != nil || !regexp.MustCompile(refused).MatchString(said), said
}
