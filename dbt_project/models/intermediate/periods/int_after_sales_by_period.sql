-- The one SELECT behind after_sales_*: refunds by reason, each on its own clock, how fast paid orders left the house, and reviews.
-- reason 'ALL' is all reasons together and has every period. Times are added up in whole seconds: fractions would come to another
-- sum in another order. One row per store (and ALL), reason, grain, period_start and span.
{%- set counts = ['refunds_requested', 'refunds', 'refunds_timed', 'refund_only', 'return_refund', 'before_shipment', 'exchanges',
    'orders_due_48h', 'orders_shipped_48h', 'promises', 'promises_untold', 'orders_promised', 'orders_late',
    'disputes', 'disputes_untold', 'platform_interventions', 'platform_interventions_untold', 'reviews', 'reviews_rated', 'low_reviews'] %}
{%- set amounts = ['orders_delivered', 'refund_amount', 'refund_goods', 'refund_seconds', 'delivery_seconds', 'unrated', 'rating_sum'] %}

with

refunds as (

    select
        refunds.*,
        coalesce(refunds.reason, 'unknown') as reason_given,
        {{ store_date('refunds.requested_at', 'zones.time_zone') }} as requested_date,
        -- Some platforms have one moment for the request and the refund: then it is not known how long it took.
        nullif({{ seconds_between('refunds.requested_at', 'refunds.refunded_at') }}, 0) as seconds
    from {{ ref('int_refunds') }} as refunds
    left join {{ ref('int_store_zones') }} as zones
        on refunds.store_id = zones.store_id
        and refunds.requested_at >= zones.valid_from_at
        and refunds.requested_at < zones.valid_until_at

),

given_back as (

    select platform, store_id, order_id, sum(refund_goods_orig) as goods, max(refunded_at) as given_back_at
    from refunds
    where is_counted and refund_goods_orig > 0
    group by platform, store_id, order_id

),

-- The shop's 48 hours to ship begin with the payment, with cash on delivery with the order. An order that was cancelled, or paid back in
-- whole to the cent, before they were over was not shipped late. If that came before the promised day had passed, it was not delivered late
-- either.
begun as (

    select
        orders.*,
        orders.begun_at + interval 48 hour as due_at,
        least(
            case when orders.order_state = 'cancelled' then coalesce(orders.cancelled_at, orders.begun_at) end,
            case when round(given_back.goods, 2) >= round(orders.goods_paid_orig, 2) then given_back.given_back_at end
        ) as over_at
    from (
        select *, case when order_type = 'cod' then created_at else paid_at end as begun_at
        from {{ ref('int_order_totals') }}
        where is_counted
    ) as orders
    left join given_back
        on orders.platform = given_back.platform
        and orders.store_id = given_back.store_id
        and orders.order_id = given_back.order_id

),

judged as (

    select
        orders.platform, orders.store_id, orders.paid_date, orders.delivered_at, orders.begun_at, orders.promised_delivery_at,
        case when orders.shipped_at is null and orders.over_at <= orders.due_at then 0 else 1 end as is_due,
        case when orders.shipped_at <= orders.due_at then 1 else 0 end as is_in_time,
        {{ store_date('orders.promised_delivery_at', 'zones.time_zone') }} as promised_date,
        {{ store_date('orders.delivered_at', 'zones.time_zone') }} as delivered_date,
        case
            when {{ store_date('orders.over_at', 'zones.time_zone') }}
                <= {{ store_date('orders.promised_delivery_at', 'zones.time_zone') }}
                and coalesce(orders.over_at < orders.delivered_at, true) then 0
            -- It arrived, and no source says when. (One cancelled on its way ends in the same state, but was paid back: over_at is set.)
            when orders.delivered_at is null and orders.order_state in ('delivered', 'completed') and orders.over_at is null then 0
            else 1
        end as is_awaited
    from begun as orders
    left join {{ ref('int_store_zones') }} as zones
        on orders.store_id = zones.store_id
        and orders.promised_delivery_at >= zones.valid_from_at
        and orders.promised_delivery_at < zones.valid_until_at

),

whole as (

    select store_id, max(date_day) as whole_through
    from {{ ref('int_store_calendar') }}
    where is_complete and is_orders_loaded
    group by store_id

),

-- Whether a platform of the store tells times of shipment. Where it does not (a till beside a shop), no order of it is late and none in
-- time: it is not known.
shipping as (

    select platform, store_id, max(case when shipped_at is not null then 1 else 0 end) as is_told
    from {{ ref('int_order_totals') }}
    group by platform, store_id

),

-- Whether a store's platform tells both a promised day and the delivery. Deliveries are told where each platform tells them of each kind of
-- its orders that was sold: of cash on delivery the payment at the door is known, which says nothing of the others. One that was never paid
-- says nothing.
told as (

    select
        store_id,
        max(tells_promises) as tells_promises,
        min(tells_deliveries) as tells_deliveries
    from (
        select
            store_id,
            max(case when promised_delivery_at is not null and delivered_at is not null then 1 else 0 end) as tells_promises,
            max(case when delivered_at is not null then 1 when is_counted then 0 end) as tells_deliveries
        from {{ ref('int_order_totals') }}
        group by store_id, platform, coalesce(order_type = 'cod', false)
    ) as kinds
    group by store_id

),

-- Whether it tells which refunds were disputed.
told_disputes as (

    select store_id, max(case when is_disputed is null then 0 else 1 end) as tells_disputes
    from refunds
    where exclude_reason is null
    group by store_id

),

events as (

    select
        store_id, reason_given as reason, requested_date as date_day,
        count(*) as refunds_requested, 0 as refunds, 0 as refunds_timed, 0 as refund_only, 0 as return_refund, 0 as before_shipment, 0 as exchanges,
        0 as orders_due_48h, 0 as orders_shipped_48h, 0 as orders_delivered,
        0 as promises, 0 as promises_untold, 0 as orders_promised, 0 as orders_late,
        sum(case when is_disputed then 1 else 0 end) as disputes,
        sum(case when is_disputed is null then 1 else 0 end) as disputes_untold,
        sum(case when is_platform_decided then 1 else 0 end) as platform_interventions,
        sum(case when is_platform_decided is null then 1 else 0 end) as platform_interventions_untold,
        0 as reviews, 0 as reviews_rated, 0 as low_reviews,
        cast(0 as decimal(18, 4)) as refund_amount, cast(0 as decimal(18, 4)) as refund_goods,
        0 as refund_seconds, 0 as delivery_seconds, 0 as unrated, cast(0 as decimal(18, 4)) as rating_sum
    from refunds
    where exclude_reason is null and requested_date is not null
    group by store_id, reason_given, requested_date

    union all

    select
        store_id, reason_given, refund_date, 0,
        count(*),
        count(seconds),
        sum(case when refund_type = 'refund_only' then 1 else 0 end),
        sum(case when refund_type = 'return_refund' then 1 else 0 end),
        sum(case when refund_type = 'before_shipment' then 1 else 0 end),
        sum(case when refund_type = 'exchange' then 1 else 0 end),
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        sum(refund_goods + refund_shipping + refund_tax), sum(refund_goods), sum(coalesce(seconds, 0)), 0,
        sum(case when rate_to_reporting is null then 1 else 0 end), 0
    from refunds
    where is_counted
    group by store_id, reason_given, refund_date

    union all

    -- Orders by the day they were paid: those whose 48 hours are over, and those whose promised day is over.
    select
        orders.store_id, 'ALL', orders.paid_date, 0, 0, 0, 0, 0, 0, 0,
        sum(case when orders.paid_date <= {{ add_days('whole.whole_through', -2) }} then shipping.is_told * orders.is_due else 0 end),
        sum(case when orders.paid_date <= {{ add_days('whole.whole_through', -2) }} then orders.is_in_time else 0 end),
        sum(case when orders.delivered_at >= orders.begun_at then 1 else 0 end),
        count(orders.promised_delivery_at),
        sum(case when orders.promised_delivery_at is null then 1 else 0 end),
        sum(case when orders.promised_date <= whole.whole_through then orders.is_awaited else 0 end),
        sum(case
            when orders.promised_date <= whole.whole_through and not coalesce(orders.delivered_date <= orders.promised_date, false)
                then orders.is_awaited
            else 0
        end),
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        sum(case
            when orders.delivered_at >= orders.begun_at
                then {{ seconds_between('orders.begun_at', 'orders.delivered_at') }}
            else 0
        end),
        0, 0
    from judged as orders
    left join whole on orders.store_id = whole.store_id
    inner join shipping on orders.platform = shipping.platform and orders.store_id = shipping.store_id
    group by orders.store_id, orders.paid_date

    union all

    -- A review gives no reason. On a day whose reviews are not known those that are would make a row of refunds that are 0.
    select
        reviews.store_id, 'ALL', reviews.review_date, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        count(*), count(reviews.rating), sum(case when reviews.is_low then 1 else 0 end),
        0, 0, 0, 0, 0, coalesce(sum(reviews.rating), 0)
    from {{ ref('int_reviews') }} as reviews
    inner join {{ ref('int_store_calendar') }} as known
        on reviews.store_id = known.store_id
        and reviews.review_date = known.date_day
        and known.is_reviews_loaded
    where reviews.is_counted
    group by reviews.store_id, reviews.review_date

),

by_reason as (

    select
        store_id, reason, date_day,
        {%- for name in counts + amounts %}
        {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from events

    union all

    select
        store_id, 'ALL', date_day,
        {%- for name in counts + amounts %}
        {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from events
    where reason <> 'ALL'

),

scoped as (

    select * from by_reason

    union all

    select
        'ALL', by_reason.reason, by_reason.date_day,
        {%- for name in counts + amounts %}
        by_reason.{{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from by_reason
    {{ joined_to_first_days('by_reason') }}
    where {{ counts_in_all('by_reason.date_day') }}

),

added as (

    select
        days.store_id,
        days.grain,
        days.period_start,
        days.span_days,
        scoped.reason,
        {%- for name in counts + amounts %}
        sum(scoped.{{ name }}) as {{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from scoped
    inner join {{ ref('int_span_days') }} as days
        on scoped.store_id = days.store_id
        and scoped.date_day = days.date_day
    group by days.store_id, days.grain, days.period_start, days.span_days, scoped.reason

),

-- Every period has its total row, quiet ones with zeros.
spine as (

    select store_id, grain, period_start, span_days, 'ALL' as reason from {{ ref('int_spans') }} where has_orders
    union
    select store_id, grain, period_start, span_days, reason from added

)

select
    spine.store_id,
    spine.reason,
    spine.grain,
    spine.period_start,
    spine.span_days,
    {%- for name in counts %}
    cast(coalesce(added.{{ name }}, 0) as bigint) as {{ name }},
    {%- endfor %}
    -- Some orders of a period may have no promised day. If none has one, nothing was told.
    spine.reason = 'ALL' and coalesce(told.tells_promises, 0) = 1
        and (coalesce(added.promises, 0) > 0 or coalesce(added.promises_untold, 0) = 0) as is_promised_dates_loaded,
    case when told.tells_promises = 1 then {{ ratio('added.orders_late', 'added.orders_promised') }} end as late_rate,
    coalesce(told_disputes.tells_disputes, 0) = 1 and coalesce(added.disputes_untold, 0) = 0 as is_disputes_loaded,
    {{ mart_money('coalesce(added.refund_amount, 0)', 'coalesce(added.unrated, 0) = 0') }} as refund_amount,
    {{ mart_money('coalesce(added.refund_goods, 0)', 'coalesce(added.unrated, 0) = 0') }} as refund_goods,
    round(cast(coalesce(added.refund_seconds, 0) as double) / 3600, 4) as refund_hours,
    {{ ratio('cast(added.refund_seconds as double) / 3600', 'added.refunds_timed') }} as avg_refund_hours,
    cast(coalesce(added.rating_sum, 0) as decimal(18, 4)) as rating_sum,
    {{ ratio('added.orders_shipped_48h', 'added.orders_due_48h') }} as ship_within_48h_rate,
    coalesce(told.tells_deliveries, 0) = 1 as is_deliveries_loaded,
    cast(case when told.tells_deliveries = 1 then coalesce(added.orders_delivered, 0) end as bigint) as orders_delivered,
    case when told.tells_deliveries = 1 then round(cast(coalesce(added.delivery_seconds, 0) as double) / 86400, 4) end as delivery_days,
    case
        when told.tells_deliveries = 1 then {{ ratio('cast(added.delivery_seconds as double) / 86400', 'added.orders_delivered') }}
    end as avg_delivery_days
from spine
left join added
    on spine.store_id = added.store_id
    and spine.grain = added.grain
    and spine.period_start = added.period_start
    and spine.span_days = added.span_days
    and spine.reason = added.reason
-- ALL tells only what each of its stores tells.
left join (
    select store_id, tells_promises, tells_deliveries from told
    union all
    select 'ALL', min(tells_promises), min(tells_deliveries) from told
) as told
    on spine.store_id = told.store_id
left join (
    select store_id, tells_disputes from told_disputes
    union all
    select 'ALL', min(tells_disputes) from told_disputes
) as told_disputes
    on spine.store_id = told_disputes.store_id
