{{ funnel_mart('month') }}
