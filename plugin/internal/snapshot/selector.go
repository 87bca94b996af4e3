package snapshot

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Selector reads a label selector of the API; nil, and one without requirements, selects all.
func Selector(value any) (labels.Selector, error) {
	s := metav1.LabelSelector{MatchLabels: TextMap(value, "matchLabels")}
	for _, m := range List(value, "matchExpressions") {
		s.MatchExpressions = append(s.MatchExpressions, metav1.LabelSelectorRequirement{
			Key: Text(m, "key"), Operator: metav1.LabelSelectorOperator(Text(m, "operator")), Values: Texts(m, "values"),
		})
	}
	return metav1.LabelSelectorAsSelector(&s)
}
