select
    'files' as platform,
    latest.account_id,
    account.store_id,
    latest.report_date as session_date,
    latest.record_key as session_key,
    latest.record.live_id as live_id,
    latest.record.host_id as host_id,
    latest.record.host_name as host_name,
    {{ parse_instant('latest.record.started_at') }} as started_at,
    {{ parse_instant('latest.record.ended_at') }} as ended_at,
    cast(round({{ number('latest.record.hours') }} * 3600) as bigint) as seconds_on_air,
    {%- for name in ['views', 'viewers', 'peak_concurrent'] %}
    {{ whole_number('latest.record.' ~ name) }} as {{ name }},
    {%- endfor %}
    {# The export has only the average per viewer, which cannot be added up: it is turned into the rounded sum over all viewers. #}
    cast(round({{ number('latest.record.seconds_per_viewer') }} * {{ number('latest.record.viewers') }}) as bigint) as watch_seconds,
    {%- for name in ['comments', 'likes', 'new_fans', 'product_exposures', 'product_clicks', 'exposed_viewers', 'clicked_viewers',
        'buyers', 'orders'] %}
    {{ whole_number('latest.record.' ~ name) }} as {{ name }},
    {%- endfor %}
    {%- for name in ['units', 'paid_amount', 'refund_amount', 'ad_spend'] %}
    {{ number('latest.record.' ~ name) }} as {{ name }},
    {%- endfor %}
    account.currency,
    latest.load_id
from {{ ref('base_files__live_sessions') }} as latest
left join {{ source('raw_daybook', 'accounts') }} as account
    on latest.account_id = account.account_id
{# A day without sessions has one row without a record. #}
where latest.record_key is not null
