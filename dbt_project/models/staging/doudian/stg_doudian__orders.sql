{#- Statuses: document of /order/searchList, `order_status`. `main_status` is finer: 103 is a paid deposit, 21, 22 and 39 are refunds. -#}
{%- set states = {
    '1': 'created',
    '105': 'paid',
    '2': 'paid',
    '101': 'paid',
    '3': 'shipped',
    '4': 'cancelled',
    '5': 'completed',
} -%}
{#- A field of a presale's phase 1 (deposit) or 2 (balance) as text; '0' while that phase is not paid. -#}
{%- set of_phase = {} -%}
{%- for number in ['1', '2'] -%}
    {%- for field in ['phase_pay_time', 'phase_pay_amount'] -%}
        {%- set paid = "case when phase.current_phase = '" ~ number ~ "' and phase.pay_success = 'true' then try_cast(phase."
            ~ field ~ " as bigint) end" -%}
        {%- do of_phase.update({field ~ number: 'cast(cast('
            ~ array_sum('latest.record.order_phase_list', 'phase', paid) ~ ' as bigint) as ' ~ t('text') ~ ')'}) -%}
    {%- endfor -%}
{%- endfor %}

with

trades as (
    select
        latest.account_id,
        account.store_id,
        account.currency,
        latest.record_key as order_id,
        latest.load_id,
        latest.loaded_at,
        latest.held_at,
        latest.released_at,
        {# `main_status` 39 is refunded after receipt, so the order was finished before it was closed. #}
        coalesce(
            latest.finished_seen_at, case when latest.record.main_status = '39' then {{ epoch_time('latest.record.finish_time') }} end
        ) as finished_before_at,
        latest.closed_seen_at,
        latest.record.buyer_key,
        latest.record.order_status as source_status,
        latest.record.main_status as main_status,
        {# Closed by a refund: 21 before shipment, 22 after it, 39 after receipt. #}
        coalesce(latest.record.main_status in ('21', '22', '39'), false) as is_given_back,
        {{ translate('latest.record.order_status', states) }} as status_state,
        case
            when {{ array_length('latest.record.order_phase_list') }} > 0 then 'presale'
            when latest.record.pay_type = '0' then 'cod'
            when latest.record.trade_type = '1' then 'group_buy'
            else 'standard'
        end as order_type,
        {{ epoch_time('latest.record.create_time') }} as created_at,
        {{ epoch_time('latest.record.pay_time') }} as pay_time,
        {{ epoch_time(of_phase['phase_pay_time1']) }} as deposit_paid_at,
        {{ epoch_time(of_phase['phase_pay_time2']) }} as balance_paid_at,
        {{ hundredths(of_phase['phase_pay_amount1']) }} as deposit_paid_amount,
        {{ epoch_time('latest.record.ship_time') }} as shipped_at,
        {{ epoch_time('latest.record.finish_time') }} as finished_at,
        {{ epoch_time('latest.record.update_time') }} as modified_at,
        {{ hundredths('latest.record.pay_amount') }} as pay_amount,
        coalesce({{ hundredths('latest.record.promotion_pay_amount') }}, 0) as promotion_pay,
        coalesce({{ hundredths('latest.record.post_amount') }}, 0) as shipping_charged,
        coalesce({{ hundredths('latest.record.tax_amount') }}, 0) as tax,
        latest.record.post_addr.province.name as region,
        {{ excluded_by_mark({'seller_remark_stars': 'latest.record.seller_remark_stars'}) }} as exclude_reason
    from {{ ref('base_doudian__orders') }} as latest
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
),

clocks as (
    select
        *,
        {# A presale is a sale when its balance is paid, a group's order when the group forms, cash on delivery when it is finished. #}
        case
            when status_state = 'created' then null
            when order_type = 'presale' then balance_paid_at
            when order_type = 'cod' and status_state = 'completed' then finished_at
            {# Cancelled after the buyer had taken the parcel, it stays a sale and is refunded; a refused parcel was never paid. #}
            when order_type = 'cod' and status_state = 'cancelled'
                then coalesce(finished_before_at, case when main_status = '39' then closed_seen_at end)
            when order_type = 'cod' then null
            {# A shipped order's group had formed, even if no version shows the order released. #}
            when order_type = 'group_buy' and held_at is not null and released_at is null and shipped_at is null then null
            when order_type = 'group_buy' and held_at is not null then greatest(coalesce(released_at, shipped_at), pay_time)
            else pay_time
        end as paid_at
    from trades
)

select
    'doudian' as platform,
    account_id,
    store_id,
    order_id,
    buyer_key,
    currency,
    case
        when status_state = 'unknown' then 'unknown'
        when status_state = 'created' and (main_status = '103' or deposit_paid_at is not null) then 'deposit_paid'
        when status_state = 'paid' and paid_at is null then 'created'
        when status_state = 'cancelled' and paid_at is null then 'closed_unpaid'
        when status_state = 'cancelled' and shipped_at is not null then 'completed'
        else status_state
    end as order_state,
    order_type,
    created_at,
    paid_at,
    shipped_at,
    case when order_type = 'cod' then paid_at end as delivered_at,
    {{ null_as('instant') }} as promised_delivery_at,
    case
        when status_state = 'completed' then finished_at
        when status_state = 'cancelled' and paid_at is not null and shipped_at is not null
            then coalesce(finished_before_at, closed_seen_at)
    end as completed_at,
    case when status_state = 'cancelled' and (paid_at is null or shipped_at is null) then closed_seen_at end as cancelled_at,
    modified_at,
    cast(shipping_charged as decimal(18, 4)) as shipping_charged,
    cast(tax as decimal(18, 4)) as tax,
    cast(0 as decimal(18, 4)) as order_discount,
    cast(0 as decimal(18, 4)) as platform_subsidy,
    {# `pay_amount` includes what payment channels gave (`promotion_pay_amount`); the buyer's own money is the rest. #}
    case when paid_at is not null then cast(pay_amount - promotion_pay as decimal(18, 4)) end as buyer_paid_total,
    case when order_type = 'presale' and deposit_paid_at is not null then deposit_paid_amount end as deposit_paid_amount,
    deposit_paid_at,
    coalesce(
        order_type = 'presale' and status_state = 'cancelled' and deposit_paid_at is not null and balance_paid_at is null
            and not is_given_back,
        false
    ) as is_deposit_forfeited,
    case when order_type = 'cod' then 'cod' end as payment_type,
    region,
    {{ null_as('text') }} as buyer_type,
    exclude_reason,
    source_status,
    load_id,
    loaded_at
from clocks
