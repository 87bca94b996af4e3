package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

const questions = 6000

func TestTheModelAnswersQuestionsAboutRightsAsTheAPIServerDoes(t *testing.T) {
	c := claims(t, "The model over rendered manifests, with random roles and bindings added, and the API server's SubjectAccessReview give the same answer about who may do what")
	m := theModel(t)
	started := time.Now()
	asked := m.rights.questions(m.known)

	answers := m.answer(t, asked)
	allowed := 0
	wrong := map[int]bool{}
	for i, got := range m.reviews(t, asked, nil) {
		if got != answers[i].Status.Allowed {
			wrong[i] = true
		}
		if answers[i].Status.Allowed {
			allowed++
		}
	}
	// A controller gathers the rules of ClusterRoles some time later: mostly, it has by now.
	_ = cluster.Eventually(patience, func() error {
		for i, got := range m.reviews(t, asked, wrong) {
			if got == answers[i].Status.Allowed {
				delete(wrong, i)
			}
		}
		if len(wrong) > 0 {
			return fmt.Errorf("%d differ", len(wrong))
		}
		return nil
	})
	for i := range asked {
		c.verify(!wrong[i], "-seed %d: the model says %t to %s, by %q, and the API server %t", *seed, answers[i].Status.Allowed, asked[i], answers[i].Status.Reason, !answers[i].Status.Allowed)
	}
	c.check("a good part is allowed, and a good part is not", func(t *testing.T) {
		require.Greater(t, allowed, questions/4)
		require.Less(t, allowed, questions*3/4)
	})
	c.note("Of %d questions about rights, %d were allowed, in %.1f s (-seed %d); %d objects of RBAC were random.", len(asked), allowed, time.Since(started).Seconds(), *seed, m.random)
}

// answered is what the model adds to a review.
type answered struct {
	Status struct {
		Allowed bool
		Reason  string
	}
	Response struct {
		Allowed bool
		Status  struct {
			Details struct {
				Causes []struct{ Reason, Message, Field string }
			}
		}
	}
}

// answer is what the model says.
func (m *modelled) answer(t *testing.T, asks []asked) []answered {
	t.Helper()
	var text strings.Builder
	for _, a := range asks {
		text.WriteString(a.review() + "\n")
	}
	return m.ask(t, text.String(), len(asks))
}

// reviews is what the API server says: to all questions, or to some.
func (m *modelled) reviews(t *testing.T, asks []asked, only map[int]bool) map[int]bool {
	t.Helper()
	var order []int
	for i := range asks {
		if only == nil || only[i] {
			order = append(order, i)
		}
	}
	said := make([]bool, len(order))
	require.NoError(t, sideBySide(len(order), func(n int) error {
		answer, err := m.cluster.Admin.Do("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", asks[order[n]].review())
		if err != nil {
			return err
		}
		if err := answer.Error(); err != nil {
			return fmt.Errorf("%s: %w", asks[order[n]], err)
		}
		var review answered
		err = json.Unmarshal(answer.Body, &review)
		said[n] = review.Status.Allowed
		return err
	}))
	all := make(map[int]bool, len(order))
	for n, i := range order {
		all[i] = said[n]
	}
	return all
}
