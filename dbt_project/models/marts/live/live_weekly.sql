{{ live_mart('week') }}
