{{ live_mart('day') }}
