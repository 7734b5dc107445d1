{{ funnel_mart('week') }}
