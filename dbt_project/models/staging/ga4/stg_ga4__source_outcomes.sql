{#
  How many people of a source took each step (GA4's users of each event) and what they bought (before refunds). GA4 has no row for an event
  that did not happen, and a site that sends no such event looks the same. So a missing step is 0 only from the day on which the property
  first had the event, in periods that were asked for it; before that it is null. Purchases are treated alike.
#}
{%- set steps = {
    'saw_detail': 'view_item', 'carted': 'add_to_cart', 'favoured': 'add_to_wishlist', 'checked_out': 'begin_checkout',
} %}
{%- set bought = {'paid': 'totalPurchasers', 'orders': 'ecommercePurchases', 'paid_amount': 'grossPurchaseRevenue'} %}

with

periods as (
    select * from {{ ref('base_ga4__traffic') }} where record_key is not null
),

parts as (
    select
        account_id,
        periods.record.gran as grain,
        report_date,
        periods.record.report in ('total', 'steps') as is_total,
        periods.record.sessionDefaultChannelGroup as channel,
        periods.record.sessionSourceMedium as source_medium,
        case when periods.record.eventName is null then {{ whole_number('periods.record.totalUsers') }} end as visited,
        {%- for step, event in steps.items() %}
        case when periods.record.eventName = '{{ event }}' then {{ whole_number('periods.record.totalUsers') }} end as {{ step }},
        {%- endfor %}
        {{ whole_number('periods.record.totalPurchasers') }} as paid,
        {{ whole_number('periods.record.ecommercePurchases') }} as orders,
        {{ number('periods.record.grossPurchaseRevenue') }} as paid_amount,
        periods.record.currencyCode as currency,
        load_id
    from periods
    where periods.record.report <> 'device'
),

told as (
    select
        account_id,
        grain,
        report_date,
        is_total,
        channel,
        source_medium,
        max(visited) as visited,
        {%- for name in steps.keys() | list + bought.keys() | list %}
        max({{ name }}) as {{ name }},
        {%- endfor %}
        max(currency) as currency,
        max(load_id) as load_id
    from parts
    group by account_id, grain, report_date, is_total, channel, source_medium
),

first_days as (
    select
        account_id,
        {%- for step in steps %}
        min(case when {{ step }} > 0 then report_date end) as {{ step }},
        {%- endfor %}
        min(case when orders > 0 then report_date end) as bought
    from told
    where grain = 'day'
    group by account_id
),

judged as (
    select
        told.*,
        {%- for step in steps %}
        max(told.{{ step }}) over of_period is not null
            or (told.report_date >= first_days.{{ step }} and max(told.paid) over of_period is not null) as tells_{{ step }},
        {%- endfor %}
        max(told.orders) over of_period > 0 or told.report_date >= first_days.bought as tells_bought
    from told
    left join first_days on told.account_id = first_days.account_id
    window of_period as (partition by told.account_id, told.grain, told.report_date)
)

select
    'ga4' as platform,
    judged.account_id,
    account.store_id,
    judged.grain,
    judged.report_date as period_start,
    case when not judged.is_total then coalesce(map.source_l1, 'unknown') end as source_l1,
    case when not judged.is_total then concat_ws(' · ', judged.channel, judged.source_medium) end as source_l2,
    judged.is_total,
    cast(null as bigint) as exposed,
    cast(null as bigint) as clicked,
    judged.visited,
    {%- for step in steps %}
    case when judged.tells_{{ step }} then coalesce(judged.{{ step }}, 0) end as {{ step }},
    {%- endfor %}
    cast(null as bigint) as ordered,
    {%- for name in ['paid', 'orders'] %}
    case when judged.tells_bought then judged.{{ name }} end as {{ name }},
    {%- endfor %}
    cast(null as decimal(18, 4)) as units,
    case when judged.tells_bought then judged.paid_amount end as paid_amount,
    coalesce(judged.currency, account.currency) as currency,
    judged.load_id
from judged
left join {{ ref('source_map_ga4') }} as map
    on judged.channel = map.source_name
left join {{ source('raw_daybook', 'accounts') }} as account
    on judged.account_id = account.account_id
