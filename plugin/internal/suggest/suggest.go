// Package suggest asks whether a misspelt word was meant to be another:
//
//	namespce -> ; did you mean "namespace"?
package suggest

import (
	"strconv"
	"strings"
)

// Question is the end of an error message about word: it asks for the candidate that
// was probably meant; "" if none is similar.
func Question(word string, candidates []string) string {
	if near := nearest(word, candidates); near != "" {
		return "; did you mean " + strconv.Quote(near) + "?"
	}
	return ""
}

// nearest is the candidate that a misspelt word most likely means, or "". At
// most a quarter of its letters may differ; case does not count. However short
// a word is, its plural is near.
func nearest(word string, candidates []string) string {
	best, least := "", len(word)/4+1
	for _, c := range candidates {
		if plural := strings.ToLower(word) + "s"; len(word) > 1 && strings.ToLower(c) == plural {
			return c
		}
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < least || d == 0 {
			best, least = c, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour that turns a into b.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		for j := range rows[i] {
			if i == 0 || j == 0 {
				rows[i][j] = i + j
				continue
			}
			change := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			rows[i][j] = min(change, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
