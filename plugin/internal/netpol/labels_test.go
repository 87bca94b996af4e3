package netpol

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Every way in which selectors can be true and false of one Pod is among the sets: no
// other labels, tried one after the other, give a way that is not.
func TestLabelSets(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	ways := func(selectors []labels.Selector, sets []map[string]string) map[string]bool {
		all := map[string]bool{}
		for _, set := range sets {
			way := ""
			for _, s := range selectors {
				way += fmt.Sprint(s.Matches(labels.Set(set)), " ")
			}
			all[way] = true
		}
		return all
	}
	var every []map[string]string
	values := []string{"", "x", "y", "z"}
	for _, a := range values {
		for _, b := range values {
			for _, c := range values {
				set := map[string]string{}
				for key, value := range map[string]string{"a": a, "b": b, "c": c} {
					if value != "" {
						set[key] = value
					}
				}
				every = append(every, set)
			}
		}
	}
	most := 0
	for range 500 {
		var selectors []labels.Selector
		for range 1 + r.IntN(5) {
			var s metav1.LabelSelector
			for _, key := range []string{"a", "b", "c"} {
				e := metav1.LabelSelectorRequirement{Key: key, Operator: []metav1.LabelSelectorOperator{"In", "NotIn", "Exists", "DoesNotExist"}[r.IntN(4)]}
				if e.Operator == "In" || e.Operator == "NotIn" {
					e.Values = []string{[]string{"x", "y"}[r.IntN(2)]}
				}
				if r.IntN(2) == 0 {
					s.MatchExpressions = append(s.MatchExpressions, e)
				}
			}
			parsed, err := metav1.LabelSelectorAsSelector(&s)
			require.NoError(t, err)
			selectors = append(selectors, parsed)
		}
		sets, complete := labelSets(selectors)
		require.True(t, complete)
		found := ways(selectors, sets)
		require.Equal(t, ways(selectors, every), found, "%v", selectors)
		most = max(most, len(found))
	}
	require.Greater(t, most, 8)
}

// So many selectors that not all ways can be tried are told.
func TestLabelSetsIncomplete(t *testing.T) {
	var selectors []labels.Selector
	for i := range 14 {
		selectors = append(selectors, labels.SelectorFromSet(labels.Set{fmt.Sprint("key-", i): "x"}))
	}
	sets, complete := labelSets(selectors)
	require.False(t, complete)
	require.NotEmpty(t, sets)
}
