{{ live_mart('month') }}
