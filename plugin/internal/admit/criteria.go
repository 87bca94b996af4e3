package admit

import (
	v1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// criteria are what a policy or binding matches, with its selectors read once.
type criteria struct {
	resources                 v1.MatchResources
	namespaces, objects       labels.Selector
	namespacesErr, objectsErr error
}

// newCriteria completes what somebody wrote as the API server does when it stores it.
func newCriteria(written *v1.MatchResources) *criteria {
	if written == nil {
		return nil
	}
	c := &criteria{resources: *written.DeepCopy()}
	r := &c.resources
	if r.MatchPolicy == nil {
		policy := v1.Equivalent
		r.MatchPolicy = &policy
	}
	if r.NamespaceSelector == nil {
		r.NamespaceSelector = &metav1.LabelSelector{}
	}
	if r.ObjectSelector == nil {
		r.ObjectSelector = &metav1.LabelSelector{}
	}
	for _, rules := range [][]v1.NamedRuleWithOperations{r.ResourceRules, r.ExcludeResourceRules} {
		for i := range rules {
			if rules[i].Scope == nil {
				scope := v1.AllScopes
				rules[i].Scope = &scope
			}
		}
	}
	c.namespaces, c.namespacesErr = metav1.LabelSelectorAsSelector(r.NamespaceSelector)
	c.objects, c.objectsErr = metav1.LabelSelectorAsSelector(r.ObjectSelector)
	return c
}

func (c *criteria) GetMatchResources() v1.MatchResources { return c.resources }

func (c *criteria) GetParsedNamespaceSelector() (labels.Selector, error) {
	return c.namespaces, c.namespacesErr
}

func (c *criteria) GetParsedObjectSelector() (labels.Selector, error) {
	return c.objects, c.objectsErr
}
