-- Every live session that a platform's export or an order tells of. An export without the room's id is matched by the room's name and
-- day, where orders and export each know only one such session; otherwise it stays a session of its own, without orders. A session that
-- only orders tell of counts as begun on the day of its first order. One row per store and session.
with

reported as (

    {{ union_staging('live_sessions') }}

),

sold as (

    select
        store_id,
        live_id,
        min_by(host_id, created_at) as host_id,
        min_by(host_name, created_at) as host_name,
        min(created_date) as first_date
    from {{ ref('int_live_lines') }}
    group by store_id, live_id

),

named as (

    select store_id, host_name, first_date, min(live_id) as live_id
    from sold
    where host_name is not null
    group by store_id, host_name, first_date
    having count(*) = 1

),

counted as (

    select
        reported.*,
        count(*) over (partition by store_id, host_name, session_date) as of_the_day
    from reported

),

placed as (

    select
        counted.*,
        coalesce(
            counted.live_id,
            case when counted.of_the_day = 1 then named.live_id end,
            concat(cast(counted.session_date as {{ t('text') }}), ' ', counted.session_key)
        ) as session_id
    from counted
    left join named
        on counted.store_id = named.store_id
        and counted.host_name = named.host_name
        and counted.session_date = named.first_date

),

-- One room read from two accounts of a store, or shown on two days, is one session: the row of its first day counts, as it was read last.
latest as (

    select
        placed.*,
        row_number() over (partition by store_id, session_id order by session_date, load_id desc, account_id) as choice
    from placed

)

select
    coalesce(latest.store_id, sold.store_id) as store_id,
    coalesce(latest.session_id, sold.live_id) as live_id,
    coalesce(sold.host_id, latest.host_id) as host_id,
    coalesce(latest.host_name, sold.host_name) as host_name,
    coalesce(latest.session_date, sold.first_date) as session_date,
    latest.session_id is not null as is_session_reported,
    sold.live_id is not null or scened.store_id is not null as has_order_scenes,
    latest.started_at,
    coalesce(
        latest.ended_at,
        latest.started_at + latest.seconds_on_air * interval '1' second
    ) as ended_at,
    latest.seconds_on_air,
    {%- for name in ['views', 'viewers', 'peak_concurrent', 'watch_seconds', 'comments', 'likes', 'new_fans', 'product_exposures',
        'product_clicks', 'exposed_viewers', 'clicked_viewers'] %}
    latest.{{ name }},
    {%- endfor %}
    latest.buyers as platform_buyers,
    latest.orders as platform_orders,
    latest.currency,
    {{ converted('latest.paid_amount', 'rates.rate_to_reporting') }} as platform_paid_amount,
    {{ converted('latest.ad_spend', 'rates.rate_to_reporting') }} as ad_spend
from (select * from latest where choice = 1) as latest
full outer join sold
    on latest.store_id = sold.store_id
    and latest.session_id = sold.live_id
left join {{ ref('int_fx_rates') }} as rates
    on latest.currency = rates.currency
    and latest.session_date = rates.date_day
left join (
    select distinct store_id
    from {{ source('raw_daybook', 'accounts') }}
    where platform in ({{ platforms_with('order_scenes') }})
) as scened
    on latest.store_id = scened.store_id
