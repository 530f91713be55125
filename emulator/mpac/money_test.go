package mpac

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLineTotal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		quantity, price, total int64
		ok                     bool
	}{
		{quantity: 2, price: 450, total: 900, ok: true},
		{quantity: 1, price: 0, ok: true},
		{quantity: 1, price: maxAmount, total: maxAmount, ok: true},
		{quantity: maxQuantity, price: 1, total: maxQuantity, ok: true},
		{quantity: 0, price: 1},
		{quantity: -1, price: 1},
		{quantity: maxQuantity + 1, price: 1},
		{quantity: 1, price: -1},
		{quantity: 1, price: maxAmount + 1},
		{quantity: 2, price: maxAmount},
		{quantity: maxQuantity, price: maxAmount},
	} {
		total, ok := lineTotal(tt.quantity, tt.price)
		require.Equal(t, tt.ok, ok, "%d x %d", tt.quantity, tt.price)
		if ok {
			require.Equal(t, tt.total, total)
		}
	}
}

func TestSharesAddUp(t *testing.T) {
	t.Parallel()
	require.Equal(t, []int64{334, 333, 333}, shares(1000, 3))
	for total := int64(2); total < 300; total++ {
		for parts := int64(2); parts <= min(total, maxSplits); parts++ {
			list := shares(total, parts)
			got, ok := sum(list...)
			require.True(t, ok)
			require.Equal(t, total, got)
			require.LessOrEqual(t, list[0]-list[parts-1], int64(1))
			require.Positive(t, list[parts-1])
		}
	}
}

func TestSumStopsAtTheLargestAmount(t *testing.T) {
	t.Parallel()
	total, ok := sum(maxAmount-1, 1)
	require.True(t, ok)
	require.EqualValues(t, maxAmount, total)
	_, ok = sum(maxAmount, 1)
	require.False(t, ok)
	_, ok = sum(maxAmount, maxAmount, maxAmount)
	require.False(t, ok)
}

func TestAccount(t *testing.T) {
	t.Parallel()
	payments := []payment{
		{Status: pending, Amount: 1}, {Status: processing, Amount: 10}, {Status: completed, Amount: 100},
		{Status: refunded, Amount: 1000, RefundAmount: 400}, {Status: failed, Amount: 10_000}, {Status: cancelled, Amount: 100_000},
	}
	a := accountOf(payments)
	require.Equal(t, account{paid: 1100, refunded: 400, reserved: 11}, a)
	require.EqualValues(t, 700, a.settled())
	require.EqualValues(t, 2000-711, a.left(2000))
}
