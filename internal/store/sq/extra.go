package sq

import "context"

// ExecRows runs a statement whose text sqlc cannot know, in the transaction of q, and counts the rows it changed.
func (q *Queries) ExecRows(ctx context.Context, text string, args ...any) (int64, error) {
	result, err := q.db.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
