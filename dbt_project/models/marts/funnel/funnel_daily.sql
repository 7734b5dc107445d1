{{ funnel_mart('day') }}
