{#- Statuses: Youzan Cloud, `youzan.trades.sold.get` 4.0.4, `order_info.status`. -#}
{%- set states = {
    'WAIT_BUYER_PAY': 'created',
    'TRADE_PAID': 'paid',
    'WAIT_CONFIRM': 'paid',
    'WAIT_SELLER_SEND_GOODS': 'paid',
    'WAIT_BUYER_CONFIRM_GOODS': 'shipped',
    'TRADE_SUCCESS': 'completed',
    'TRADE_CLOSED': 'cancelled',
} -%}

with

records as (
    select
        account_id,
        record_key,
        load_id,
        loaded_at,
        cursor_at,
        done_seen_at,
        closed_seen_at,
        latest.record.buyer_key,
        latest.record.full_order_info.order_info as info,
        latest.record.full_order_info.pay_info as pay,
        latest.record.full_order_info.address_info.delivery_province as region,
        latest.record.full_order_info.orders as lines
    from {{ ref('base_youzan__orders') }} as latest
),

phases as (
    select
        account_id,
        record_key,
        {{ explode('records.pay.phase_payments') }} as part
    from records
),

{# A presale is paid in phases: the first is its deposit, the second its balance. #}
instalments as (
    select
        account_id,
        record_key,
        min(case when phases.part.phase = '1' then {{ local_time('phases.part.pay_time', "'Asia/Shanghai'") }} end)
            as deposit_paid_at,
        min(case when phases.part.phase = '2' then {{ local_time('phases.part.pay_time', "'Asia/Shanghai'") }} end)
            as balance_paid_at,
        sum(case when phases.part.phase = '1' then {{ money('phases.part.real_price') }} end) as deposit
    from phases
    group by account_id, record_key
),

orders as (
    select
        records.account_id,
        account.store_id,
        account.currency,
        records.record_key as order_id,
        records.load_id,
        records.loaded_at,
        records.done_seen_at,
        records.closed_seen_at,
        records.buyer_key,
        records.info.status as source_status,
        {{ translate('records.info.status', states) }} as status_state,
        {#- `type` 10 and GROUP are bought in a group, 3 and 100 by a reseller. #}
        case
            when records.info.pay_type = '9' or records.info.pay_type_str = 'CODPAY' then 'cod'
            when records.info.type in ('10', 'GROUP') then 'group_buy'
            when records.info.order_tags.is_down_payment_pre = 'true' then 'presale'
            when records.info.type in ('3', '100') then 'b2b'
            else 'standard'
        end as order_type,
        {{ local_time('records.info.created', "'Asia/Shanghai'") }} as created_at,
        {{ local_time('records.info.pay_time', "'Asia/Shanghai'") }} as pay_time,
        {{ local_time('records.info.confirm_time', "'Asia/Shanghai'") }} as confirm_time,
        {{ local_time('records.info.consign_time', "'Asia/Shanghai'") }} as shipped_at,
        {{ local_time('records.info.success_time', "'Asia/Shanghai'") }} as success_time,
        coalesce({{ local_time('records.info.update_time', "'Asia/Shanghai'") }}, records.cursor_at) as modified_at,
        coalesce(records.info.refund_state, '0') <> '0' as has_refund,
        coalesce({{ money('records.pay.post_fee') }}, 0) as shipping_charged,
        {{ money('records.pay.payment') }} as payment,
        {{ array_sum('records.lines', 'line',
            'coalesce(' ~ money('line.total_fee') ~ ', ' ~ money('line.price') ~ ' * ' ~ money('line.num') ~ ')') }} as goods,
        coalesce(nullif(records.info.pay_type_str, ''), nullif(records.info.pay_type, '0')) as payment_type,
        instalments.deposit_paid_at,
        instalments.balance_paid_at,
        instalments.deposit,
        records.region
    from records
    left join instalments
        on records.account_id = instalments.account_id and records.record_key = instalments.record_key
    left join {{ source('raw_daybook', 'accounts') }} as account
        on records.account_id = account.account_id
),

settled as (
    select
        orders.*,
        {#-
            A group's order is a sale when the group forms (`confirm_time`), cash on delivery when the order succeeds, a presale when its
            balance is paid. Of a closed presale without phases and without a refund, only the deposit had been paid.
        #}
        case
            when status_state = 'created' then null
            when order_type = 'cod' and status_state = 'completed' then success_time
            {# Closed after the buyer had taken the parcel, it stays a sale and is refunded; a refused parcel was never paid. #}
            when order_type = 'cod' then case when status_state = 'cancelled' then done_seen_at end
            when order_type = 'group_buy' and (source_status in ('TRADE_PAID', 'WAIT_CONFIRM') or status_state = 'cancelled')
                then confirm_time
            when order_type = 'group_buy' then coalesce(confirm_time, pay_time)
            when order_type = 'presale' and status_state = 'cancelled' and deposit_paid_at is not null then balance_paid_at
            when order_type = 'presale' and status_state = 'cancelled' and not has_refund then null
            when order_type = 'presale' then coalesce(balance_paid_at, pay_time)
            else pay_time
        end as paid_at
    from orders
),

judged as (
    select
        settled.*,
        case
            when status_state = 'cancelled' and paid_at is null then 'closed_unpaid'
            when status_state = 'cancelled' and shipped_at is not null then 'completed'
            when order_type = 'group_buy' and status_state = 'paid' and paid_at is null then 'created'
            when order_type = 'presale' and status_state = 'created' and deposit_paid_at is not null then 'deposit_paid'
            else status_state
        end as order_state
    from settled
)

select
    'youzan' as platform,
    account_id,
    store_id,
    order_id,
    buyer_key,
    currency,
    order_state,
    order_type,
    created_at,
    paid_at,
    shipped_at,
    case when order_type = 'cod' then paid_at end as delivered_at,
    {{ null_as('instant') }} as promised_delivery_at,
    case when order_state = 'completed' then coalesce(done_seen_at, success_time, closed_seen_at) end as completed_at,
    case when order_state in ('cancelled', 'closed_unpaid') then closed_seen_at end as cancelled_at,
    modified_at,
    cast(shipping_charged as decimal(18, 4)) as shipping_charged,
    cast(0 as decimal(18, 4)) as tax,
    {# Discounts of the whole order and prices changed by hand. The shop is the merchant's own, so nobody else pays for them. #}
    cast(coalesce(goods + shipping_charged - payment, 0) as decimal(18, 4)) as order_discount,
    cast(0 as decimal(18, 4)) as platform_subsidy,
    case when paid_at is not null then payment end as buyer_paid_total,
    case when order_type = 'presale' and deposit_paid_at is not null then cast(deposit as decimal(18, 4)) end as deposit_paid_amount,
    case when order_type = 'presale' then deposit_paid_at end as deposit_paid_at,
    {# A deposit that was refunded is not forfeited. #}
    order_type = 'presale' and order_state = 'closed_unpaid' and coalesce(deposit_paid_at, pay_time) is not null
        and not has_refund as is_deposit_forfeited,
    payment_type,
    region,
    {{ null_as('text') }} as buyer_type,
    {{ null_as('text') }} as exclude_reason,
    source_status,
    load_id,
    loaded_at
from judged
